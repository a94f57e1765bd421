"""The smaller form of a representation: its features, or the inner products of its images."""

from collections.abc import Iterable

import torch
from torch import Tensor

from repdrift.similarity.blas import add_square, one_pool_of_threads
from repdrift.similarity.gram import Gram, Representation, middle

UNITS = 1024  # units that are converted to float64 at a time: few enough to stay in the cache


def smaller(x: Representation) -> Representation:
    """Return features [n, p] as they are, or their inner products if these take less memory and disk."""
    return gram_of(x) if isinstance(x, Tensor) and gram_is_smaller(*x.shape) else x


def gram_is_smaller(images: int, width: int) -> bool:
    """Tell whether n (n + 1) / 2 inner products in float64 take less space than n p features in float32."""
    return width > images + 1


def bytes_of_smaller(images: int, width: int) -> int:
    """Return the bytes that the smaller form takes on disk."""
    return 4 * images * (images + 1 if gram_is_smaller(images, width) else width)


def gram_of(x: Tensor) -> Gram:
    """Compute the inner products of features [n, p]."""
    means = torch.cat([rows.mean(dim=1, dtype=torch.float64) for rows in x.split(UNITS)])
    return gram_of_blocks(x.split(UNITS, dim=1), means)


def gram_of_blocks(blocks: Iterable[Tensor], means: Tensor) -> Gram:
    """Compute the inner products of features that come in blocks of units, so that never all of them are in memory.

    Parameters
    ----------
    blocks : iterable of Tensor [n, q]
        The features of some units. Each unit is in one block.
    means : float64 Tensor [n]
        The mean of each image over all units.
    """
    images, width = len(means), 0
    above = means.new_zeros(images, images)
    along, centre = means.new_zeros(images), means.new_zeros(())
    with one_pool_of_threads(means.device):
        for block in blocks:
            values = block.double() - means[:, None]
            row = middle(values)
            values -= row
            add_square(above, values)
            along += values @ row
            centre += row.square().sum()
            width += block.shape[1]
    return Gram(above + above.triu(diagonal=1).T, means, along, centre, width)
