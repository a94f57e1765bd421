"""The readers of data sets: what is known of each before any image is read.

The Snakefile imports this module, so it needs nothing heavy. `repdrift.data.datasets` reads the images.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from repdrift.registry import Registry

RENDERED = ("objects", "digits")  # images that are drawn; the config says how many
RENDERED_CLASSES = 10
NPZ = "npz"  # files of the user's own
FOLDER = "folder"  # folders of the user's own, with a folder of pictures for each class
TORCHVISION = "torchvision:"  # followed by the name of a class in torchvision.datasets


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
        Where to get it and where to put it without a connection; ``{folder}`` and ``{split}`` are filled in.
    classes : int
        Number of classes.
    """

    maker: str
    sizes: Mapping[str, int]
    files: Mapping[str, str]
    home: str
    classes: int = 10


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
    ),
    "mnist": Known(
        "MNIST",
        {"train": 60_000, "test": 10_000},
        {"train": "MNIST/raw/train-*-ubyte", "test": "MNIST/raw/t10k-*-ubyte"},
        "the four files of https://yann.lecun.com/exdb/mnist, unpacked to {folder}/MNIST/raw",
    ),
}


def torchvision_class(reader: str) -> str | None:
    """Return the name of the class in `torchvision.datasets` that a reader names, or None if it names none."""
    return reader.removeprefix(TORCHVISION) if reader.startswith(TORCHVISION) else None


@cache
def torchvision_classes() -> tuple[str, ...]:
    """List the names that `torchvision.datasets` offers, without importing it. Without torchvision there are none."""
    found = find_spec("torchvision")
    if found is None or found.origin is None:
        return ()
    tree = ast.parse((Path(found.origin).parent / "datasets" / "__init__.py").read_text(encoding="utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "__all__":
            return tuple(ast.literal_eval(statement.value))
    return ()


def source_split(settings: Mapping[str, object], split: str) -> str:
    """Return the split whose files are read. A test part that is split off is in the files of the training part."""
    return "train" if settings.get("split") else split
