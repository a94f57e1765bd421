"""Images whose pixels change places, all in the same way (Neyshabur et al. 2020, section 3.1)."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repdrift.errors import UserError

if TYPE_CHECKING:  # tasks are drawn without torch
    from torch import Tensor


def permutation(shape: tuple[int, int, int], side: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw where each value of a shuffled image comes from.

    Parameters
    ----------
    shape : channels, height, width
    side : int
        Of the square blocks that change places, each as it is and all channels together; 0: all values change places,
        across channels too.

    Returns
    -------
    int64 [C * H * W]
        ``image.flatten()[permutation]`` is the shuffled image.

    Raises
    ------
    UserError
        If blocks of this side do not fill the image.
    """
    channels, height, width = shape
    places = np.arange(channels * height * width)
    if side == 0:
        return generator.permutation(places)
    if height % side or width % side:
        raise UserError(f"blocks of {side} pixels: allowed is a side that divides {height} and {width}")
    rows, columns = height // side, width // side
    # [C, rows, side, columns, side] to a list of blocks, which is shuffled, and back.
    blocks = places.reshape(channels, rows, side, columns, side).transpose(1, 3, 0, 2, 4)
    order = generator.permutation(rows * columns)
    moved = blocks.reshape(rows * columns, channels, side, side)[order]
    moved = moved.reshape(rows, columns, channels, side, side).transpose(2, 0, 3, 1, 4)
    return np.ascontiguousarray(moved).reshape(-1)


def shuffled(images: "Tensor", permutation: "Tensor") -> "Tensor":
    """Shuffle images [N, C, H, W] by a permutation int64 [C * H * W]."""
    return images.flatten(1)[:, permutation].reshape(images.shape)
