"""Readers of data sets.

Whatever its source, a split of a data set becomes images uint8 [N, 3, 32, 32] and labels int64 [N], in a fixed order.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repdrift.data import rendered
from repdrift.data.readers import KNOWN, NPZ, RENDERED
from repdrift.errors import UserError

Split = tuple[NDArray[np.uint8], NDArray[np.int64]]

SIZE = 32


def sources(settings: Mapping[str, Any], split: str, folder: Path) -> list[Path]:
    """Return the raw files from which `read` reads a split. The list is empty if the images are rendered."""
    if settings["reader"] == NPZ:
        return [_npz_path(settings, split)]
    known = KNOWN.get(settings["reader"])
    return sorted(folder.glob(known.files[split])) if known else []


def read(settings: Mapping[str, Any], split: str, folder: Path) -> Split:
    """Read a split of a data set. If torchvision knows the data set and its files are missing, download them first.

    Parameters
    ----------
    settings : mapping
        The settings of the data set in the config. ``reader`` is ``cifar10``, ``svhn``, ``mnist``, ``objects``,
        ``digits`` or ``npz``; ``classes`` is the number of classes D; ``train`` and ``test`` are numbers of images for
        rendered data sets and paths for npz files.
    split : str
        ``train`` or ``test``.
    folder : Path
        The folder of raw data sets.

    Returns
    -------
    images : uint8 [N, 3, 32, 32], RGB
    labels : int64 [N], in 0..D-1

    Raises
    ------
    UserError
        If files are missing and cannot be downloaded, if a file is damaged, or if the images or the labels have another
        form.
    """
    reader = settings["reader"]
    if reader == NPZ:
        images, labels = read_npz(_npz_path(settings, split))
    elif reader in RENDERED:
        images, labels = rendered.render(reader, split, settings[split])
    else:
        images, labels = _read_torchvision(reader, split, folder)
    classes = settings["classes"]
    if labels.min() < 0 or labels.max() >= classes:
        raise UserError(
            f"data set {reader}, split {split}: labels run from {labels.min()} to {labels.max()}, not 0 to "
            f"{classes - 1}: correct the labels, or `classes` in the config"
        )
    return images, labels


def read_npz(path: Path) -> Split:
    """Read the images ``X`` and the labels ``y`` of an npz file.

    Parameters
    ----------
    path : Path
        ``X`` is uint8 [N, H, W, 3], [N, 3, H, W] or grey [N, H, W], with H and W at most 32. ``y`` is [N], of any
        integer type.

    Returns
    -------
    images : uint8 [N, 3, 32, 32], RGB
        As `to_rgb` converts them.
    labels : int64 [N]

    Raises
    ------
    UserError
        If the file is missing or damaged, or if its arrays have other names, types or shapes.
    """
    if not path.exists():
        raise UserError(f"no file {path}: put the npz file there, or correct the path in the config")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["X"], arrays["y"]
    except KeyError as error:
        raise UserError(f"{path} must hold an array X (images) and an array y (labels): {error}") from None
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own for a damaged file
        raise UserError(f"{path} cannot be read as an npz file ({error})") from None
    if images.dtype != np.uint8 or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: X is {images.dtype} and y is {labels.dtype}: give uint8 and an integer type")
    if labels.ndim != 1 or len(images) != len(labels):
        raise UserError(
            f"{path}: X has shape {images.shape} and y has shape {labels.shape}: give one label for each image"
        )
    return to_rgb(images, str(path)), labels.astype(np.int64)


def to_rgb(images: NDArray[np.uint8], origin: str) -> NDArray[np.uint8]:
    """Convert images to RGB of 32 x 32 pixels. Smaller images get a border of zeros.

    Parameters
    ----------
    images : uint8 [N, H, W] (grey), [N, H, W, 3] or [N, 3, H, W]
        H and W are at most 32.
    origin : str
        Name of the source of the images, for the message of an error.

    Returns
    -------
    uint8 [N, 3, 32, 32]

    Raises
    ------
    UserError
        If the images have another shape.
    """
    if images.ndim == 3:
        images = np.repeat(images[:, None], 3, axis=1)
    elif images.ndim == 4 and images.shape[3] == 3:
        images = images.transpose(0, 3, 1, 2)
    height, width = images.shape[-2:]
    if images.ndim != 4 or images.shape[1] != 3 or max(height, width) > SIZE:
        raise UserError(
            f"{origin}: images have shape {images.shape}: give RGB or grey images of at most {SIZE}x{SIZE} pixels"
        )
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    border = ((0, 0), (0, 0), (top, SIZE - height - top), (left, SIZE - width - left))
    return np.ascontiguousarray(np.pad(images, border))


def _npz_path(settings: Mapping[str, Any], split: str) -> Path:
    if not settings.get(split):
        raise UserError(f"this npz data set names no file for the split {split!r}: add `{split}: path/to/file.npz`")
    return Path(settings[split])


def _read_torchvision(reader: str, split: str, folder: Path) -> Split:
    # The import is here because it loads torch, which npz files and rendered images do not need.
    from torchvision import datasets  # noqa: PLC0415

    known = KNOWN[reader]
    part = {"split": split} if known.by_split else {"train": split == "train"}

    def make(download: bool) -> Any:  # noqa: ANN401
        return getattr(datasets, known.maker)(str(folder), download=download, **part)

    data = _open_or_download(make, reader, split, folder)
    labels = data.labels if hasattr(data, "labels") else data.targets
    return to_rgb(np.asarray(data.data), reader), np.asarray(labels, dtype=np.int64)


def _open_or_download(make: Callable[[bool], Any], reader: str, split: str, folder: Path) -> Any:  # noqa: ANN401
    """Open the files in the folder, or download them if they are missing. Torchvision checks their MD5."""
    try:
        return make(False)
    except Exception as absent:  # torchvision raises RuntimeError, OSError or EOFError, depending on what is missing
        try:
            return make(True)
        except Exception as unreachable:
            download = KNOWN[reader].home.format(folder=folder, split=split)
            raise UserError(
                f"data set {reader} is missing from {folder} or incomplete ({_first_line(absent)}), and it could not "
                f"be downloaded ({_first_line(unreachable)}): get {download}"
            ) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
