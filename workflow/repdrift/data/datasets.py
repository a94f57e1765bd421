"""Reading data sets.

Whatever its source, a split of a data set becomes RGB images of one size and labels 0..D-1, in a fixed order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from repdrift.data import folders, npz_files, pictures, rendered
from repdrift.data.numbering import Classes, classes_of, numbered
from repdrift.data.pixels import to_rgb
from repdrift.data.readers import FOLDER, KNOWN, NPZ, RENDERED, source_split
from repdrift.data.selection import Indices, selected
from repdrift.errors import UserError
from repdrift.study.tasks import SIDE


class Decoded(NamedTuple):
    """A split of a data set.

    Attributes
    ----------
    images : uint8 [N, 3, size, size], RGB
    labels : int64 [N], in 0..D-1
    classes : Classes
        The number of classes and their labels in the raw data.
    files : list of Path
        The raw files that were read. The list is empty if the images are rendered.
    note : str
        What was done to the values of the pixels beside resizing, or nothing.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: Classes
    files: list[Path]
    note: str = ""


@dataclass(frozen=True)
class _Source:
    """What a reader finds: the labels as it finds them, where they come from, and the images at some places.

    `images` is called with the places of the wanted images, or with None for all. `files` lists the files that were
    read, once the images have been read.
    """

    labels: NDArray[Any]
    origin: str
    images: Callable[[Indices | None], NDArray[np.uint8]]
    files: Callable[[], list[Path]]
    note: str = ""


def read(settings: Mapping[str, Any], split: str, folder: Path) -> Decoded:
    """Read a split of a data set. If torchvision knows the data set and its files are missing, download them first.

    Parameters
    ----------
    settings : mapping
        The settings of the data set as `repdrift.study.files.Files.settings` gives them: ``reader``; ``classes``, the
        number of classes D; ``names``, the labels in the order of the classes if these are not the numbers 0..D-1;
        ``train`` and ``test``, which are numbers of images for rendered data sets, paths for npz files and folders, and
        names of splits for torchvision; ``arguments`` of torchvision's class; ``split`` and ``shuffle``, see
        `repdrift.data.selection.selected`; ``size``, the height and width of the images, if it is not 32.
    split : str
        ``train`` or ``test``.
    folder : Path
        The folder of raw data sets.

    Raises
    ------
    UserError
        If files are missing and cannot be downloaded, if a file is damaged, or if the images or the labels have another
        form.
    """
    source = _source(settings, source_split(settings, split), folder)
    classes = _classes(settings, source)
    labels = numbered(source.labels, classes, source.origin)
    places = selected(len(labels), source.labels, settings, split)
    images = source.images(places)
    return Decoded(images, labels if places is None else labels[places], classes, source.files(), source.note)


def _classes(settings: Mapping[str, Any], source: _Source) -> Classes:
    if settings.get("names"):
        return Classes(settings["classes"], tuple(settings["names"]))
    return classes_of([source.labels], settings["classes"], source.origin)


def _source(settings: Mapping[str, Any], split: str, folder: Path) -> _Source:
    reader, size = settings["reader"], settings.get("size", SIDE)
    if reader in RENDERED:
        return _rendered(reader, split, settings[split], size)
    if reader == NPZ:
        return _npz(_path(settings, split), size)
    if reader == FOLDER:
        return _folder(_path(settings, split), size)
    return _torchvision(settings, split, folder, size)


def _path(settings: Mapping[str, Any], split: str) -> Path:
    if not settings.get(split):
        kind = settings["reader"]
        raise UserError(f"this {kind} data set names no path for the split {split!r}: add `{split}: path/to/images`")
    return Path(settings[split])


def _rendered(reader: str, split: str, count: int, size: int) -> _Source:
    images, labels = rendered.render(reader, split, count)
    return _Source(labels, reader, lambda places: to_rgb(_at(images, places), reader, size), list)


def _npz(path: Path, size: int) -> _Source:
    def images(places: Indices | None) -> NDArray[np.uint8]:
        return to_rgb(_at(npz_files.images_of(path), places), str(path), size)

    header, _ = npz_files.headers(path)
    note = "" if header.dtype == np.uint8 else f"{header.dtype} from 0 to 1 became whole numbers from 0 to 255, rounded"
    return _Source(npz_files.labels_of(path), str(path), images, lambda: [path], note)


def _folder(path: Path, size: int) -> _Source:
    found = folders.listed(path)

    def images(places: Indices | None) -> NDArray[np.uint8]:
        wanted = found.paths if places is None else [found.paths[place] for place in places]
        return pictures.read_pictures(wanted, size)

    return _Source(np.array(found.classes), str(path), images, lambda: list(found.paths))


def _torchvision(settings: Mapping[str, Any], split: str, folder: Path, size: int) -> _Source:
    # The import is here because it loads torch, which npz files, folders and rendered images do not need.
    from repdrift.data import torchvision_sets  # noqa: PLC0415

    reader = settings["reader"]
    found = torchvision_sets.opened(settings, split, folder)
    labels = torchvision_sets.labels_of(found.data)
    labels = torchvision_sets.each_label(found.data, reader) if labels is None else labels
    pixels = torchvision_sets.pixels_of(found.data)
    read_files = set(found.files)

    def images(places: Indices | None) -> NDArray[np.uint8]:
        if pixels is not None:
            return to_rgb(_at(pixels, places), reader, size)
        wanted = range(len(found.data)) if places is None else places.tolist()
        with torchvision_sets.noted_files(folder) as more:
            result = torchvision_sets.pictures_of(found.data, wanted, size, reader)
        read_files.update(more)
        return result

    def files() -> list[Path]:
        return sorted(folder.glob(KNOWN[reader].files[split])) if reader in KNOWN else sorted(read_files)

    return _Source(labels, reader, images, files)


def _at(images: NDArray[np.uint8], places: Indices | None) -> NDArray[np.uint8]:
    return images if places is None else images[places]
