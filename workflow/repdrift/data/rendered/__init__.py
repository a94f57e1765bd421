"""Two image data sets that are drawn, not downloaded: ten digits over clutter, and ten textured shapes.

They stand in for SVHN and CIFAR-10 where those files are missing. Image number i of a split depends on nothing but the
data set, the split and i, and its bytes are the same on every machine.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from repdrift.data.readers import RENDERED
from repdrift.data.rendered import digits, objects
from repdrift.data.rendered.raster import SIZE, quantised
from repdrift.data.rendered.stream import Field, Integers, Stream, shuffled_labels
from repdrift.errors import UserError

SPLITS: tuple[str, ...] = ("train", "test")
CLASSES: dict[str, tuple[str, ...]] = {"digits": digits.CLASSES, "objects": objects.CLASSES}

_PAINTERS: dict[str, Callable[[Stream, Integers], Field]] = {"digits": digits.paint, "objects": objects.paint}
# Few enough images that a field of them stays in a core's cache.
_CHUNK = 64


def render(name: str, split: str, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw the first `count` images of a split.

    Parameters
    ----------
    name : str
        One of `repdrift.data.readers.RENDERED`.
    split : str
        "train" or "test"; they share no image.
    count : int
        How many; a longer set begins with the shorter one.

    Returns
    -------
    images : uint8 [count, 3, 32, 32]
        Red, green, blue.
    labels : int64 [count]
        0..9, named by `CLASSES[name]`; the first ten images hold each label once, so do the next ten, and so on.

    Raises
    ------
    UserError
        If the name or the split is unknown, or the count is below one.
    """
    if name not in RENDERED:
        raise UserError(f"no rendered data set is called {name!r}; there are {', '.join(RENDERED)}")
    if split not in SPLITS:
        raise UserError(f"rendered data has no split {split!r}; there are {', '.join(SPLITS)}")
    if count < 1:
        raise UserError(f"at least one image must be rendered, not {count}")
    images = np.empty((count, 3, SIZE, SIZE), dtype=np.uint8)
    labels = np.empty(count, dtype=np.int64)
    for start in range(0, count, _CHUNK):
        positions = np.arange(start, min(start + _CHUNK, count), dtype=np.int64)
        labels[positions] = shuffled_labels(f"{name}/{split}/labels", positions)
        picture = _PAINTERS[name](Stream(f"{name}/{split}/images", positions), labels[positions])
        images[positions] = quantised(picture)
    return images, labels
