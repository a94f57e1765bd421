"""Images whose pixels are permuted, all images by the same permutation (Neyshabur et al. 2020, section 3.1)."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repdrift.errors import UserError

if TYPE_CHECKING:  # programs that draw tasks must not load torch
    from torch import Tensor


def permutation(shape: tuple[int, int, int], side: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw a permutation of the values of an image.

    Parameters
    ----------
    shape : tuple of int
        Channels C, height H and width W of an image.
    side : int
        Side in pixels of the square blocks that are permuted. A block stays as it is inside and keeps its channels
        together. With 0, all single values are permuted, also across channels.
    generator : numpy.random.Generator

    Returns
    -------
    int64 [C * H * W]
        The place that each value of the shuffled image comes from: ``image.flatten()[permutation]`` is the shuffled
        image.

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
        raise UserError(f"blocks of {side} pixels do not fill an image: give a side that divides {height} and {width}")
    rows, columns = height // side, width // side
    # The image becomes a list of blocks, the list is shuffled, and the blocks become an image again.
    blocks = places.reshape(channels, rows, side, columns, side).transpose(1, 3, 0, 2, 4)
    order = generator.permutation(rows * columns)
    moved = blocks.reshape(rows * columns, channels, side, side)[order]
    moved = moved.reshape(rows, columns, channels, side, side).transpose(2, 0, 3, 1, 4)
    return np.ascontiguousarray(moved).reshape(-1)


def shuffled(images: "Tensor", permutation: "Tensor") -> "Tensor":
    """Return images [N, C, H, W] with their values permuted by an int64 [C * H * W] of `permutation`."""
    return images.flatten(1)[:, permutation].reshape(images.shape)
