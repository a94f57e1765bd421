"""Files of pictures become images of one size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from repdrift.data.pixels import fitted
from repdrift.errors import in_one_line


def read_pictures(paths: Sequence[Path], size: int) -> NDArray[np.uint8]:
    """Read pictures as uint8 [N, 3, size, size], see `repdrift.data.pixels.fitted`.

    Raises
    ------
    UserError
        If a picture is damaged, or has more than 8 bits for a channel. The message names it.
    """
    images = np.empty((len(paths), 3, size, size), dtype=np.uint8)
    for place, path in enumerate(paths):
        images[place] = read_picture(path, size)
    return images


def read_picture(path: Path, size: int) -> NDArray[np.uint8]:
    """Read a picture as uint8 [3, size, size], see `read_pictures`."""
    try:
        with Image.open(path) as picture:
            return fitted(picture, size)
    except Exception as error:  # each format has errors of its own for a damaged file
        raise in_one_line(f"{path} cannot be read as a picture ({error}): replace it or remove it") from None
