"""The readers of data sets: what is known of each before any image is read.

The Snakefile imports this module, so it needs nothing heavy. `repdrift.data.datasets` reads the images.
"""

import ast
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repdrift.errors import in_one_line
from repdrift.registry import Registry

RENDERED = ("objects", "digits")  # images that are drawn; the config says how many
RENDERED_CLASSES = 10
NPZ = "npz"  # a file of the user's own


@dataclass(frozen=True)
class Known:
    """A data set that torchvision reads, and downloads where the folder of raw data lacks it.

    Attributes
    ----------
    maker : str
        Name of its class in `torchvision.datasets`.
    sizes : mapping of str to int
        Number of images of each split.
    files : mapping of str to str
        Pattern of the files of each split, in the folder of raw data.
    home : str
        Where to get it, and where to put it, for who has no network; ``{folder}`` and ``{split}`` are filled in.
    classes : int
        Number of classes.
    by_split : bool
        Whether the class takes the split by name (``split="train"``), or as ``train=True``.
    """

    maker: str
    sizes: Mapping[str, int]
    files: Mapping[str, str]
    home: str
    classes: int = 10
    by_split: bool = False


KNOWN: Registry[Known] = {
    "cifar10": Known(
        "CIFAR10",
        {"train": 50_000, "test": 10_000},
        {"train": "cifar-10-batches-py/data_batch_*", "test": "cifar-10-batches-py/test_batch"},
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz, unpacked to {folder}/cifar-10-batches-py",
    ),
    "svhn": Known(
        "SVHN",
        {"train": 73_257, "test": 26_032},
        {"train": "train_32x32.mat", "test": "test_32x32.mat"},
        "http://ufldl.stanford.edu/housenumbers/{split}_32x32.mat, put into {folder}",
        by_split=True,
    ),
    "mnist": Known(
        "MNIST",
        {"train": 60_000, "test": 10_000},
        {"train": "MNIST/raw/train-*-ubyte", "test": "MNIST/raw/t10k-*-ubyte"},
        "the four files of https://yann.lecun.com/exdb/mnist, unpacked to {folder}/MNIST/raw",
    ),
}


def npz_length(key: str, path: Path) -> int:
    """Read the number of images off the header of ``X``: the images themselves may be gigabytes."""
    if not path.exists():
        raise in_one_line(f"{key}: no file {path}: put it there or correct the path")
    try:
        with zipfile.ZipFile(path) as archive:
            missing = sorted({"X", "y"} - {name.removesuffix(".npy") for name in archive.namelist()})
            if missing:
                raise ValueError(f"it holds no array {' and no '.join(missing)}")
            with archive.open("X.npy") as file:
                return _npy_length(file)
    except Exception as error:  # zipfile, zlib, struct and ast each raise their own on a damaged file
        needed = "needed are X (images) and y (labels), saved by numpy.savez"
        raise in_one_line(f"{key}: {path} cannot be read as an npz file ({error!r}): {needed}") from None


def _npy_length(file: IO[bytes]) -> int:
    """Read the length of an array from its file's header (format of ``numpy.lib.format``)."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY":
        raise ValueError("X is no npy array")
    form = "<H" if start[6] == 1 else "<I"
    (size,) = struct.unpack(form, file.read(struct.calcsize(form)))
    # A true header has some hundred bytes; a damaged size must not fill the memory.
    header = ast.literal_eval(file.read(min(size, 65_536)).decode("utf-8").strip())
    return int(header["shape"][0])
