"""One way in: whatever the source, a split becomes images uint8 [N, 3, 32, 32] and labels int64 [N], in fixed order."""

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
    """Raw files that `read` takes a split from; none where images are rendered."""
    if settings["reader"] == NPZ:
        return [_npz_path(settings, split)]
    known = KNOWN.get(settings["reader"])
    return sorted(folder.glob(known.files[split])) if known else []


def read(settings: Mapping[str, Any], split: str, folder: Path) -> Split:
    """Read (and download, where a data set has a home and the folder lacks it) a split of a data set.

    Parameters
    ----------
    settings : dict
        ``{"reader": name, ...}`` as in the config: ``cifar10``, ``svhn``, ``mnist``, ``objects``, ``digits``, ``npz``.
    split : str
        ``train`` or ``test``.
    folder : Path
        Where raw data sets lie.

    Returns
    -------
    images : uint8 [N, 3, 32, 32], RGB
    labels : int64 [N], in 0..D-1

    Raises
    ------
    UserError
        If the files are missing and cannot be downloaded, or do not hold such images.
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
            f"data set {reader}, split {split}: labels {labels.min()} to {labels.max()}, not 0 to {classes - 1}"
        )
    return images, labels


def read_npz(path: Path) -> Split:
    """Read ``X`` uint8 [N, 32, 32, 3] (or [N, 3, 32, 32], or grey [N, 32, 32]) and ``y`` integer [N] from an npz file.

    Raises
    ------
    UserError
        If the file is missing, damaged, or holds something else.
    """
    if not path.exists():
        raise UserError(f"no file {path}: put the npz file there, or correct the path in the config")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["X"], arrays["y"]
    except KeyError as error:
        raise UserError(f"{path}: an array X (images) and an array y (labels) are needed ({error})") from None
    except Exception as error:  # zipfile, zlib and numpy each raise their own on a damaged file
        raise UserError(f"{path} cannot be read as an npz file ({error})") from None
    if images.dtype != np.uint8 or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: X is {images.dtype} and y {labels.dtype}, needed are uint8 and an integer type")
    if labels.ndim != 1 or len(images) != len(labels):
        raise UserError(f"{path}: X has shape {images.shape} and y {labels.shape}: one label an image is needed")
    return to_rgb(images, str(path)), labels.astype(np.int64)


def to_rgb(images: NDArray[np.uint8], origin: str) -> NDArray[np.uint8]:
    """Bring uint8 images [N, H, W], [N, H, W, 3] or [N, 3, H, W] to [N, 3, 32, 32]; smaller ones get a zero border.

    Raises
    ------
    UserError
        For any other shape; `origin` names the source in the message.
    """
    if images.ndim == 3:
        images = np.repeat(images[:, None], 3, axis=1)
    elif images.ndim == 4 and images.shape[3] == 3:
        images = images.transpose(0, 3, 1, 2)
    height, width = images.shape[-2:]
    if images.ndim != 4 or images.shape[1] != 3 or max(height, width) > SIZE:
        raise UserError(
            f"{origin}: images of shape {images.shape}; needed are RGB or grey ones of at most {SIZE}x{SIZE}"
        )
    top, left = (SIZE - height) // 2, (SIZE - width) // 2
    border = ((0, 0), (0, 0), (top, SIZE - height - top), (left, SIZE - width - left))
    return np.ascontiguousarray(np.pad(images, border))


def _npz_path(settings: Mapping[str, Any], split: str) -> Path:
    if not settings.get(split):
        raise UserError(f"this npz data set names no file for the split {split!r}: add `{split}: path/to/file.npz`")
    return Path(settings[split])


def _read_torchvision(reader: str, split: str, folder: Path) -> Split:
    # Imported here: it brings torch, and npz files and rendered images do without.
    from torchvision import datasets  # noqa: PLC0415

    known = KNOWN[reader]
    part = {"split": split} if known.by_split else {"train": split == "train"}

    def make(download: bool) -> Any:  # noqa: ANN401
        return getattr(datasets, known.maker)(str(folder), download=download, **part)

    data = _from_folder_or_home(make, reader, split, folder)
    labels = data.labels if hasattr(data, "labels") else data.targets
    return to_rgb(np.asarray(data.data), reader), np.asarray(labels, dtype=np.int64)


def _from_folder_or_home(make: Callable[[bool], Any], reader: str, split: str, folder: Path) -> Any:  # noqa: ANN401
    """Open what lies in the folder (torchvision checks its MD5), or download it."""
    try:
        return make(False)
    except Exception as absent:  # torchvision raises RuntimeError, OSError or EOFError as it happens
        try:
            return make(True)
        except Exception as unreachable:
            home = KNOWN[reader].home.format(folder=folder, split=split)
            raise UserError(
                f"data set {reader} is not (whole) in {folder} ({_first_line(absent)}) and could not be downloaded "
                f"({_first_line(unreachable)}): get {home}"
            ) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
