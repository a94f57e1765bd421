"""Labels as numbers 0 to D-1, the names behind the numbers, and what follows from the counts of the classes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repdrift.errors import UserError

Labels = NDArray[np.int64]
Name = str | int


@dataclass(frozen=True)
class Classes:
    """The number of classes, and their names in the order of their numbers. Without names, labels are the numbers."""

    count: int
    names: tuple[Name, ...] | None = None


def classes_of(labels: Iterable[NDArray[Any]], count: int | None, origin: str) -> Classes:
    """Find the classes of a data set.

    Labels that are numbers in 0..D-1 stay as they are. All other labels are sorted and numbered from 0.

    Parameters
    ----------
    labels : iterable of integers or text [N]
        The labels of the splits of the data set.
    count : int, optional
        The number of classes D if somebody has stated it.
    origin : str
        Name of the source of the labels, for the message of an error.

    Raises
    ------
    UserError
        If the labels are of another number of classes than was stated, or all of one class.
    """
    parts = [np.unique(part) for part in labels]
    kinds = {part.dtype.kind for part in parts}
    if len(kinds) > 1:
        raise UserError(f"{origin}: the labels of one split are numbers and those of the other are text: use one kind")
    found = np.unique(np.concatenate(parts))
    stated = len(found) if count is None else count
    if stated < 2:
        raise UserError(f"{origin}: all labels are {found[0].item()!r}: expected at least two classes")
    if found.dtype.kind == "i" and found[0] >= 0 and found[-1] < stated:
        return Classes(stated)
    if len(found) != stated:
        shown = f"run from {found[0]} to {found[-1]}" if found.dtype.kind == "i" else f"are {in_words(found)}"
        raise UserError(
            f"{origin}: labels {shown}, which are {len(found)} classes, not 0 to {stated - 1}: correct the labels, or "
            "`classes` in the config"
        )
    return Classes(stated, tuple(found.tolist()))


def numbered(labels: NDArray[Any], classes: Classes, origin: str) -> Labels:
    """Return labels as numbers of classes, int64 [N] in 0..D-1.

    Raises
    ------
    UserError
        If a label is none of the classes.
    """
    if classes.names is None:
        return labels.astype(np.int64)
    number = {name: place for place, name in enumerate(classes.names)}
    values, places = np.unique(labels, return_inverse=True)
    strange = [value for value in values.tolist() if value not in number]
    if strange:
        raise UserError(f"{origin}: no class is called {strange[0]!r}; there are {in_words(classes.names)}")
    return np.array([number[value] for value in values.tolist()], dtype=np.int64)[places]


def class_counts(labels: Labels, classes: int) -> Labels:
    """Return the number of images of each class, int64 [D]."""
    return np.bincount(labels, minlength=classes).astype(np.int64)


def chance_level(labels: Labels) -> float:
    """Return the accuracy of the best constant answer, in 0..1: the share of the most frequent class.

    The balanced accuracy of any constant answer is ``1 / D``, whatever the counts of the classes are.

    Parameters
    ----------
    labels : int64 [N]
        True labels, at least one.
    """
    return float(np.bincount(labels).max() / len(labels))


def in_words(names: Sequence[Name] | NDArray[Any]) -> str:
    """List names of classes, at most ten of them."""
    shown = [str(name) for name in list(names)[:10]]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
