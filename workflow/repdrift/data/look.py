"""A look at a data set before any job: its classes, and the number and the labels of its images.

Only headers, labels and lists of files are read. The Snakefile imports this module, so it needs nothing heavy. It
imports numpy when it looks at files of the user's own, and it never imports torch.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from repdrift.data.readers import FOLDER, KNOWN, NPZ, RENDERED, RENDERED_CLASSES, source_split
from repdrift.errors import UserError, in_one_line

SPLITS = ("train", "test")
DECODED = 20  # pictures of a folder that are decoded, the first of each class


@dataclass(frozen=True)
class Files:
    """The files of a split.

    Attributes
    ----------
    origin : str
        What identifies the images. Two data sets that read the same images have the same origin.
    size : int, optional
        Number of images. None if nobody can tell before the files are downloaded.
    labels : array of integers or text [N], optional
        None if they are not looked at.
    shape : tuple of int
        Height and width of all images if they are the same.
    """

    origin: str
    size: int | None = None
    labels: Any = None
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """A split as tasks have it.

    Attributes
    ----------
    origin : str
        See `Files`.
    places : range or int64 [n], optional
        The places of its images in the files. None if the number of images is unknown.
    labels : int64 [N], optional
        The numbers of the classes of its images. None if they are not looked at.
    """

    origin: str
    places: Any
    labels: Any

    @property
    def size(self) -> int | None:
        """Number of images. None if nobody can tell before the files are downloaded."""
        return None if self.places is None else len(self.places)


@dataclass(frozen=True)
class Look:
    """What a look at a data set has found.

    Attributes
    ----------
    classes : int, optional
        Number of classes. None if nobody can tell before the files are downloaded.
    names : tuple of str or int, optional
        The labels in the raw data in the order of the classes. None if they are the numbers of the classes.
    splits : mapping of str to Seen
        The splits that the data set has.
    """

    classes: int | None
    names: tuple[str | int, ...] | None = None
    splits: Mapping[str, Seen] = field(default_factory=dict)


def look(key: str, settings: Mapping[str, Any], folder: Path) -> Look:
    """Look at a data set.

    Parameters
    ----------
    key : str
        The key of the data set in the config, for the message of an error.
    settings : mapping
        The section of the data set in the config, which the schema has accepted.
    folder : Path
        The folder of raw data sets.

    Raises
    ------
    UserError
        At the first thing that is wrong. The message begins with the key.
    """
    reader = settings["reader"]
    stated = settings.get("classes")
    if reader in RENDERED:
        rendered = {split: Files(f"{reader} {split}", settings[split]) for split in SPLITS}
        return _seen(key, settings, rendered, RENDERED_CLASSES)
    if reader in KNOWN:
        known = KNOWN[reader]
        sizes = {split: Files(f"{known.maker} {split}", known.sizes[split]) for split in SPLITS}
        return _seen(key, settings, sizes, known.classes)
    if reader in (NPZ, FOLDER):
        return _look_at_files(key, settings, stated)
    return _look_at_torchvision(key, settings, folder)


def _look_at_torchvision(key: str, settings: Mapping[str, Any], folder: Path) -> Look:
    from repdrift.data.torchvision_look import look_in_process  # noqa: PLC0415  other studies do not need it

    try:
        found = look_in_process(settings, folder)
    except UserError as error:
        raise in_one_line(f"{key}.{error}") from None
    count = found.classes or settings.get("classes")
    labels = [files.labels for files in found.files.values() if files.labels is not None]
    if not labels:
        return _seen(key, settings, found.files, count)
    from repdrift.data.numbering import classes_of  # noqa: PLC0415  it imports numpy

    classes = classes_of(labels, count, f"{key}.reader: {settings['reader']}")
    # The job finds the names by itself, so that a download does not change its settings.
    return replace(_seen(key, settings, found.files, classes.count, classes.names), names=None)


def _look_at_files(key: str, settings: Mapping[str, Any], stated: int | None) -> Look:
    from repdrift.data.numbering import Classes, classes_of  # noqa: PLC0415  it imports numpy

    look_at = _npz if settings["reader"] == NPZ else _folder
    files: dict[str, Files] = {}
    for split in SPLITS:
        if settings.get(split):
            try:
                files[split] = look_at(Path(settings[split]))
            except UserError as error:
                raise in_one_line(f"{key}.{split}: {error}") from None
    if not files:
        return Look(stated)
    shapes = {split: found.shape for split, found in files.items()}
    if len(set(shapes.values())) > 1:
        sizes = " and ".join(f"{split} has images of {h} x {w} pixels" for split, (h, w) in shapes.items())
        raise in_one_line(f"{key}: {sizes}: save both with one size")
    if settings.get("names"):
        classes = Classes(len(settings["names"]), tuple(settings["names"]))
    else:
        first = next(iter(files))
        classes = classes_of([one.labels for one in files.values()], stated, f"{key}.{first}: {settings[first]}")
    return _seen(key, settings, files, classes.count, classes.names)


def _seen(
    key: str,
    settings: Mapping[str, Any],
    files: Mapping[str, Files],
    classes: int | None,
    names: tuple[str | int, ...] | None = None,
) -> Look:
    found = {}
    for split in SPLITS:
        read = files.get(source_split(settings, split))
        if read is None:
            continue
        try:
            found[split] = _split(read, settings, split, classes, names)
        except UserError as error:
            raise in_one_line(f"{key}.{source_split(settings, split)}: {error}") from None
    return Look(classes, names, found)


def _split(
    read: Files, settings: Mapping[str, Any], split: str, classes: int | None, names: tuple[str | int, ...] | None
) -> Seen:
    if read.size is None:
        return Seen(read.origin, None, None)
    if read.labels is None and settings.get("shuffle") is None:
        # The places of a part that is split off are not known without labels.
        return Seen(read.origin, None if settings.get("split") else range(read.size), None)
    from repdrift.data.numbering import Classes, numbered  # noqa: PLC0415  it imports numpy
    from repdrift.data.selection import selected  # noqa: PLC0415

    if read.labels is None:
        places = None if settings.get("split") else selected(read.size, None, settings, split)
        return Seen(read.origin, places, None)
    file = str(settings.get(source_split(settings, split)))
    labels = read.labels if classes is None else numbered(read.labels, Classes(classes, names), file)
    places = selected(read.size, read.labels, settings, split)
    return Seen(
        read.origin, range(read.size) if places is None else places, labels if places is None else labels[places]
    )


def _npz(path: Path) -> Files:
    from repdrift.data import npz_files  # noqa: PLC0415  it imports numpy

    images, _ = npz_files.headers(path)
    npz_files.peek(path)
    height, width = images.shape[1:3] if len(images.shape) == 3 or images.shape[3] in (1, 3) else images.shape[2:]
    return Files(f"npz {images.place}", images.shape[0], npz_files.labels_of(path), (height, width))


def _folder(path: Path) -> Files:
    import numpy as np  # noqa: PLC0415

    from repdrift.data import folders, pictures  # noqa: PLC0415

    found = folders.listed(path)
    pairs = zip(found.classes, found.paths, strict=True)
    firsts = [next(group)[1] for _, group in itertools.groupby(pairs, key=lambda pair: pair[0])]
    for picture in firsts[:DECODED]:
        pictures.read_picture(picture, size=1)
    return Files(f"folder {path.resolve()}", len(found.paths), np.array(found.classes))
