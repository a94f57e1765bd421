"""Which images of the files of a data set form its splits, and in which order."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repdrift.errors import UserError
from repdrift.seeds import seed_for

Indices = NDArray[np.int64]


def selected(count: int, labels: NDArray[Any] | None, settings: Mapping[str, Any], split: str) -> Indices | None:
    """Return the places of the images of a split in the files that it is read from, int64 [n].

    Parameters
    ----------
    count : int
        Number of images N in these files.
    labels : integers or text [N], optional
        Their labels as the files have them. They are needed only if a test part is split off.
    settings : mapping
        The settings of the data set: ``split`` has the fraction and the seed of a test part that is split off, and
        ``shuffle`` the seed of a random order. Each may be missing.
    split : str
        ``train`` or ``test``.

    Returns
    -------
    int64 [n] or None
        None stands for all images in the order of the files.

    Raises
    ------
    UserError
        If a class is too small for the test part to have one of its images.
    """
    apart, seed = settings.get("split"), settings.get("shuffle")
    places = None
    if apart:
        if labels is None:
            raise ValueError("a test part is split off by labels")
        test = split_off(labels, apart["fraction"], apart["seed"])
        places = np.flatnonzero(test if split == "test" else ~test)
    if seed is None:
        return places
    generator = np.random.Generator(np.random.PCG64(seed_for("image order", seed, split)))
    return generator.permutation(np.arange(count) if places is None else places)


def split_off(labels: NDArray[Any], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Draw a test part that has the same fraction of each class, rounded, and at least one image of it.

    Parameters
    ----------
    labels : integers or text [N]
    fraction : float
        Between 0 and 1.
    seed : int

    Returns
    -------
    bool [N]
        True for the images of the test part.

    Raises
    ------
    UserError
        If a class has a single image.
    """
    test = np.zeros(len(labels), dtype=np.bool_)
    generator = np.random.Generator(np.random.PCG64(seed_for("test part", seed)))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        if len(places) < 2:
            raise UserError(f"class {label} has one image: a test part needs two or more of each class")
        wanted = min(max(1, round(fraction * len(places))), len(places) - 1)
        test[generator.permutation(places)[:wanted]] = True
    return test
