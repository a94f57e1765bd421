"""Data sets that torchvision reads, and downloads where the folder of raw data lacks them."""

import fcntl
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torchvision import datasets

from repdrift.data.pixels import fitted
from repdrift.data.readers import KNOWN, torchvision_class
from repdrift.errors import UserError, first_line, in_one_line
from repdrift.study.refusal import nearest

OWN = {"self", "root", "train", "download", "transform", "target_transform", "transforms", "loader"}
LOCK = ".repdrift.lock"  # in the folder of raw data
ATTRIBUTES = ("labels", "targets", "_labels", "y")  # where the classes of torchvision keep the labels of all images
_listeners: list[set[str]] = []
_hooked: list[bool] = []


def class_of(reader: str) -> type[Any]:
    """Return the class in `torchvision.datasets` of a reader.

    Raises
    ------
    UserError
        If torchvision has no such data set, or if it does not read it from a folder.
    """
    name = KNOWN[reader].maker if reader in KNOWN else torchvision_class(reader) or reader
    found = getattr(datasets, name, None)
    if not inspect.isclass(found):
        raise UserError(f"reader: torchvision has no data set {name}{nearest(name, datasets.__all__)}")
    if "root" not in parameters(found):
        raise UserError(f"reader: torchvision's {name} is not read from a folder, so it cannot be used here")
    return found


def parameters(kind: type[Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a data set's class by name, with those that it passes on to the class above."""
    found: dict[str, inspect.Parameter] = {}
    for each in kind.__mro__:
        if "__init__" not in vars(each):
            continue
        own = inspect.signature(vars(each)["__init__"]).parameters
        found = {**own, **found}
        if not any(one.kind is one.VAR_KEYWORD for one in own.values()):
            break
    return {name: one for name, one in found.items() if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}


def has_test_part(kind: type[Any]) -> bool:
    """Tell whether a data set's class can be asked for test images."""
    return bool({"train", "split"} & set(parameters(kind)))


def arguments_of(kind: type[Any], settings: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Return the arguments that a data set's class takes for a split, all but its folder.

    Raises
    ------
    UserError
        If the settings have an argument that the class lacks, or a split that it does not have.
    """
    known, given = parameters(kind), dict(settings.get("arguments") or {})
    allowed = [name for name in known if name not in OWN]
    for name in given:
        if name not in allowed:
            raise UserError(
                f"arguments: torchvision's {kind.__name__} has no argument {name}; it takes "
                f"{', '.join(allowed) or 'none'}{nearest(name, allowed)}"
            )
    required = [name for name in allowed if known[name].default is inspect.Parameter.empty]
    missing = [name for name in required if name not in given and not (name == "split" and "train" not in known)]
    if missing:
        raise UserError(f"arguments: torchvision's {kind.__name__} needs {' and '.join(missing)}")
    part = settings.get(split)
    if "train" in known:
        if part:
            raise UserError(f"{split}: torchvision's {kind.__name__} has no names of splits; leave {part!r} out")
        return {**given, "train": split == "train"}
    if "split" in known:
        return {"split": part or split, **given}
    if split == "test":
        raise UserError(
            f"test: torchvision's {kind.__name__} has no test part: `split: {{fraction: 0.2, seed: 1}}` splits one off"
        )
    return given


@dataclass(frozen=True)
class Opened:
    """A data set that torchvision has opened, and the files in the folder of raw data that it has read so far."""

    data: Any
    files: set[Path]


def opened(settings: Mapping[str, Any], split: str, folder: Path, *, download: bool = True) -> Opened:
    """Open a split of a data set in the folder of raw data. If its files are missing, download them first.

    A lock on the folder lets one process at a time download and unpack, so a set that comes in one file is downloaded
    once for both splits. Torchvision checks the MD5 of what it downloads.

    Raises
    ------
    FileNotFoundError
        If files are missing and are not to be downloaded.
    UserError
        If files are missing and cannot be downloaded, or if torchvision refuses the arguments.
    """
    reader = settings["reader"]
    kind = class_of(reader)
    arguments = arguments_of(kind, settings, split)
    with_download = "download" in parameters(kind)

    def make(fetch: bool) -> Any:  # noqa: ANN401
        return kind(str(folder), **arguments, **({"download": fetch} if with_download else {}))

    # A folder in which nothing was ever downloaded stays as it is if it has all files.
    if not (folder / LOCK).exists():
        try:
            return _tried(make, folder)
        except FileNotFoundError:
            if not download:
                raise
    with _alone(folder):
        try:
            return _tried(make, folder)
        except FileNotFoundError as absent:
            if not download:
                raise
            missing = f"data set {reader} is missing from {folder} or incomplete ({absent})"
            home = KNOWN[reader].home if reader in KNOWN else "its files, and put them into {folder} by hand"
            get = home.format(folder=folder, split=split)
            if not with_download:
                raise UserError(f"{missing}, and torchvision does not download it: get {get}") from None
            try:
                make(True)
                return _tried(make, folder)
            except Exception as unreachable:
                failed = f"it could not be downloaded ({first_line(unreachable)})"
                raise UserError(f"{missing}, and {failed}: get {get}") from None


def _tried(make: Callable[[bool], Any], folder: Path) -> Opened:
    """Open a data set without a download. All errors of missing and damaged files become a FileNotFoundError."""
    try:
        with noted_files(folder) as files:
            data = make(False)
    except Exception as error:  # torchvision raises RuntimeError, OSError or EOFError, depending on the data set
        if isinstance(error, TypeError | ValueError) and not files:  # it has not come to reading
            raise in_one_line(f"arguments: torchvision refuses them: {error}") from None
        raise FileNotFoundError(first_line(error)) from None
    return Opened(data, files)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time go on. Without write access nothing is unpacked, so all may go on."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("w")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):  # on a file system without locks, two jobs may download the same
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def labels_of(data: Any) -> NDArray[Any] | None:  # noqa: ANN401
    """Return the labels of a data set, integers or text [N], or None if it tells them with each image only."""
    pairs = getattr(data, "_samples", None)
    for found in (*(getattr(data, name, None) for name in ATTRIBUTES), pairs and [label for _, label in pairs]):
        if found is None:
            continue
        labels = np.asarray(found)
        if labels.shape == (len(data),) and labels.dtype.kind in "iu":
            return labels.astype(np.int64)
    return None


def each_label(data: Any, reader: str) -> NDArray[np.int64]:  # noqa: ANN401
    """Return the labels int64 [N] of a data set that tells them with each image.

    Raises
    ------
    UserError
        If it tells something else than whole numbers.
    """
    labels = [data[place][1] for place in range(len(data))]
    if not all(isinstance(label, int | np.integer) for label in labels):
        raise UserError(f"{reader}: torchvision gives no number of a class for each image: use a classification set")
    return np.array(labels, dtype=np.int64)


def pixels_of(data: Any) -> NDArray[np.uint8] | None:  # noqa: ANN401
    """Return the images of a data set that has them all in one array, as `repdrift.data.pixels.to_rgb` takes them."""
    images = np.asarray(data.data) if type(getattr(data, "data", None)).__name__ in ("Tensor", "ndarray") else None
    if images is None or images.dtype != np.uint8 or len(images) != len(data) or images.ndim not in (3, 4):
        return None
    return images


def pictures_of(data: Any, places: Iterable[int], size: int, reader: str) -> NDArray[np.uint8]:  # noqa: ANN401
    """Return the images at some places of a data set that gives each as a picture, as uint8 [n, 3, size, size].

    Raises
    ------
    UserError
        If a picture is damaged, or is no picture.
    """
    images = []
    for place in places:
        try:
            images.append(fitted(data[place][0], size))
        except Exception as error:  # each format has errors of its own for a damaged file
            raise in_one_line(f"{reader}: image {place} cannot be read as a picture ({error})") from None
    return np.stack(images)


@contextmanager
def noted_files(folder: Path) -> Iterator[set[Path]]:
    """Collect the files in a folder that are opened to be read meanwhile."""
    if not _hooked:
        sys.addaudithook(_note)
        _hooked.append(True)
    names: set[str] = set()
    _listeners.append(names)
    found: set[Path] = set()
    try:
        yield found
    finally:
        _listeners.remove(names)
        found.update(path for path in map(Path, names) if path.is_relative_to(folder) and path.name != LOCK)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str) and "r" in str(arguments[1] or "r"):
        for names in _listeners:
            names.add(arguments[0])
