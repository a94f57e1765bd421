"""Data sets in npz files: an array ``X`` of images and an array ``y`` of labels.

What a file holds is checked on its headers first, which takes no time: the images themselves may be gigabytes.
"""

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from repdrift.data.pixels import WANTED_SHAPES
from repdrift.errors import UserError, in_one_line

Found = TypeVar("Found")
NEEDED = "expected X (images) and y (labels), saved by numpy.savez"
PEEKED = 256  # images that are read in advance to see the range of floats


@dataclass(frozen=True)
class Header:
    """Shape and type of an array. `place` is what the archive's directory says of it, with the CRC-32."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    place: tuple[int, int]


def headers(path: Path) -> tuple[Header, Header]:
    """Read the headers of ``X`` and ``y``, and check that they are images and labels.

    Raises
    ------
    UserError
        If the file is missing or damaged, or if its arrays have other names, types or shapes.
    """

    def read(archive: zipfile.ZipFile) -> tuple[Header, Header]:
        missing = sorted({"X", "y"} - {name.removesuffix(".npy") for name in archive.namelist()})
        if missing:
            raise ValueError(f"it holds no array {' and no '.join(missing)}")
        return _header(archive, "X"), _header(archive, "y")

    images, labels = _opened(path, read)
    _check_images(path, images)
    _check_labels(path, labels, images)
    return images, labels


def labels_of(path: Path) -> NDArray[Any]:
    """Read the labels ``y``, integers or text [N]. The images are not read."""
    labels = _array(path, "y")
    labels = np.char.decode(labels, "utf-8") if labels.dtype.kind == "S" else labels
    return labels.astype(np.int64) if labels.dtype.kind == "u" else labels


def images_of(path: Path) -> NDArray[np.uint8]:
    """Read the images ``X`` as uint8. Floats in 0..1 are multiplied by 255 and rounded.

    Raises
    ------
    UserError
        If they are floats in another range, or if the file is damaged.
    """
    images = _array(path, "X")
    if images.dtype == np.uint8:
        return images
    _check_floats(path, images)
    result = np.empty(images.shape, dtype=np.uint8)
    for place, image in enumerate(images):  # one at a time, since a copy of all may not fit into the memory
        result[place] = np.rint(image * 255)
    return result


def peek(path: Path) -> None:
    """Check the range of the first images if they are floats.

    Raises
    ------
    UserError
        If one of them is not in 0..1.
    """
    header, _ = headers(path)
    if header.dtype == np.uint8 or header.fortran:
        return
    row = math.prod(header.shape[1:]) * header.dtype.itemsize

    def read(archive: zipfile.ZipFile) -> bytes:
        with archive.open("X.npy") as file:
            _read_header(file)
            return file.read(min(PEEKED, header.shape[0]) * row)

    _check_floats(path, np.frombuffer(_opened(path, read), dtype=header.dtype))


def _array(path: Path, name: str) -> NDArray[Any]:
    headers(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found: NDArray[Any] = arrays[name]
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own for a damaged file
        raise in_one_line(f"{path} cannot be read as an npz file ({error!r}): {NEEDED}") from None
    return found


def _opened(path: Path, read: Callable[[zipfile.ZipFile], Found]) -> Found:
    if not path.exists():
        raise UserError(f"no file {path}: put it there or correct the path")
    if path.is_dir():
        raise UserError(f"{path} is a folder: give an npz file, or set `reader: folder`")
    try:
        with zipfile.ZipFile(path) as archive:
            return read(archive)
    except Exception as error:  # zipfile, zlib and numpy each raise their own on a damaged file
        raise in_one_line(f"{path} cannot be read as an npz file ({error!r}): {NEEDED}") from None


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        shape, fortran, dtype = _read_header(file)
        size = info.file_size - file.tell()
    if not shape:
        raise ValueError(f"{name} is a single value")
    # A header that says more or less than there is belongs to a damaged file, or to one that would fill the memory.
    expected = math.prod(shape) * dtype.itemsize
    if size != expected and not dtype.hasobject:
        raise ValueError(f"{name} has {size} bytes of values, and its header says {expected}")
    return Header(shape, dtype, fortran, (info.CRC, info.file_size))


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    # A header of version 3.0 differs from one of 2.0 only in the alphabet of the names of fields, of which X has none.
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype


def _check_images(path: Path, images: Header) -> None:
    shape = images.shape
    grey = len(shape) == 3
    if not grey and not (len(shape) == 4 and (shape[3] in (1, 3) or shape[1] in (1, 3))):
        more = "; it has four channels: leave the last one out" if len(shape) == 4 and 4 in (shape[1], shape[3]) else ""
        raise UserError(f"{path}: X has shape {shape}: {WANTED_SHAPES}{more}")
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise UserError(f"{path}: X is {images.dtype}: give uint8 from 0 to 255, as X.astype('uint8') makes it")
    if not all(shape):
        raise UserError(f"{path}: X has shape {shape}, so it holds no image: save the images again")


def _check_labels(path: Path, labels: Header, images: Header) -> None:
    shape, count = labels.shape, images.shape[0]
    if len(shape) == 2 and shape[0] == count and shape[1] > 1:
        raise UserError(f"{path}: y has shape {shape}, as one-hot labels: give their numbers, y.argmax(axis=1)")
    if shape != (count,):
        raise UserError(f"{path}: X has shape {images.shape} and y has shape {shape}: give one label for each image")
    if labels.dtype.kind == "f":
        raise UserError(f"{path}: y is {labels.dtype}: give whole numbers, y.astype(int), or names of classes")
    if labels.dtype.kind not in "iuUS":
        raise UserError(f"{path}: y is {labels.dtype}: give whole numbers, or names of classes as y.astype(str)")


def _check_floats(path: Path, images: NDArray[Any]) -> None:
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):  # also where a value is no number
        words = "values that are no numbers" if math.isnan(low + high) else f"values from {low:g} to {high:g}"
        raise UserError(f"{path}: X is {images.dtype} with {words}: give uint8 from 0 to 255, or floats from 0 to 1")
