"""Two image data sets that are drawn instead of downloaded: ten digits over clutter, and ten textured shapes.

They replace SVHN and CIFAR-10 where the files of these are missing. Image number i of a split depends only on the data
set, the split and i. Its bytes are the same on every machine.
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
_CHUNK = 64  # images that are drawn at a time: few enough for one of their arrays to stay in the cache of a core


def render(name: str, split: str, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw the first `count` images of a split.

    Parameters
    ----------
    name : str
        One of `repdrift.data.readers.RENDERED`.
    split : str
        ``train`` or ``test``. The two share no image.
    count : int
        Number of images. A larger set begins with the images of a smaller one.

    Returns
    -------
    images : uint8 [count, 3, 32, 32]
        Red, green, blue.
    labels : int64 [count]
        0..9; `CLASSES[name]` has their names. The first ten images have each label once, and so does every following
        block of ten.

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
