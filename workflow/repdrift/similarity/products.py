"""Inner products of the Gram matrices of many representations, computed block by block.

HSIC needs <K, L> = sum_ij K_ij L_ij for the centred Gram matrices K = X X' and L = Y Y'. There are two ways to compute
it. The first computes each block of K once and multiplies it by the same block of every other Gram matrix. The second
computes ||X'Y||^2, which is cheaper if X and Y have few units. Nothing of size n^2 or n p is kept.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.similarity.blas import add_inner_product, add_product, add_square, one_pool_of_threads, subtract
from repdrift.similarity.estimator import check, in_range
from repdrift.similarity.gram import Gram, Representation

BLOCK = 1024  # images in a block of a Gram matrix: 4 MB in float32 for each representation
UNITS = 1024  # units that are centred at a time: few enough to stay in the cache until they are multiplied
STRETCH = 2**14  # entries of a Gram matrix that are multiplied at a time, in float64
LOOKED_AT = 16  # images by which the differences between images are told from their mean
NEGLIGIBLE = 1e-12  # squared rounding error of the means, relative to the squared differences, that is not mended


@dataclass(frozen=True)
class Products:
    """Inner products and diagonals of m Gram matrices.

    Attributes
    ----------
    inner : float64 Tensor [m, m]
        The inner products <K_a, K_b>.
    diagonals : float64 Tensor [m, n]
        The diagonals of the Gram matrices: the squared lengths of the rows of the centred representations.
    epsilon : float
        Relative precision of the entries of the Gram matrices.
    """

    inner: Tensor
    diagonals: Tensor
    epsilon: float


class Centred:
    """A representation [n, p] and the means of its columns. A block of it is centred when it is needed.

    The means are subtracted before any product, because centring the Gram matrix instead would lose digits. If the
    images differ so little that even the rounding of the means counts, what it leaves is subtracted too.
    """

    def __init__(self, x: Tensor, name: str, dtype: torch.dtype) -> None:
        check(x, name)
        self.values = in_range(x, dtype)
        # A matrix product is the fastest sum. Its rounding seldom matters: the error of the mean in one Gram matrix is
        # multiplied by the row sums of the other, which are as small as this error.
        self.means = self._mean(self.values.split(BLOCK))
        self.left = None if self._rounding_of_means() <= NEGLIGIBLE else self._mean(self._differences())

    def _mean(self, blocks: Iterable[Tensor]) -> Tensor:
        """Return the means [p] of the columns of blocks of images [B, p], which are all images."""
        total = self.values.new_zeros(self.values.shape[1], dtype=torch.float64)
        for rows in blocks:
            total += rows.new_ones(len(rows)) @ rows
        return (total / len(self.values)).to(self.values.dtype)

    def _differences(self) -> Iterator[Tensor]:
        """Yield the images in blocks [B, p], less the means. This loses no digits where they are close to the means."""
        return (rows - self.means for rows in self.values.split(BLOCK))

    def _rounding_of_means(self) -> float:
        """Return the squared rounding error of the means, relative to the mean squared difference of images to them."""
        few = self.values[:: max(1, len(self.values) // LOOKED_AT)]
        differences = (few - self.means).double().square().sum(dim=1).mean().item()
        rounding = torch.finfo(self.values.dtype).eps ** 2 * self.means.double().square().sum().item()
        return rounding / differences if differences else math.inf

    def block(self, rows: slice, units: slice, scratch: Tensor) -> Tensor:
        """Centre a block in the scratch memory, which is allocated once and stays in the cache."""
        values = self.values[rows, units]
        out = subtract(values, self.means[units], scratch[: values.numel()].view(values.shape))
        return out if self.left is None else subtract(out, self.left[units], out)

    def add_gram_block(self, out: Tensor, rows: slice, columns: slice, scratch: Tensor) -> None:
        """Add a block of the Gram matrix to `out`. If it is on the diagonal, add no entries below the diagonal."""
        for units in slices(self.values.shape[1], UNITS):
            left = self.block(rows, units, scratch[0])
            if rows == columns:
                add_square(out, left)
            else:
                add_product(out, left, self.block(columns, units, scratch[1]))


class CentredGram:
    """A representation of which the inner products are kept, and its centred Gram matrix."""

    def __init__(self, x: Gram, name: str) -> None:
        check(x, name)
        self.gram = x.centred()

    def add_gram_block(self, out: Tensor, rows: slice, columns: slice, scratch: Tensor) -> None:
        """Add a block of the Gram matrix to `out`. If it is on the diagonal, add no entries below the diagonal."""
        block = self.gram[rows, columns]
        out += block.triu() if rows == columns else block


def slices(length: int, size: int) -> Iterator[slice]:
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def inner_products(representations: Sequence[Representation]) -> Products:
    """Compute the inner products of the centred Gram matrices of representations [n, p_a] of the same images.

    Raises
    ------
    UserError
        As `repdrift.similarity.estimator.check` does.
    """
    with one_pool_of_threads(representations[0].device):
        return _inner_products(representations)


def _inner_products(representations: Sequence[Representation]) -> Products:
    double = any(x.dtype == torch.float64 for x in representations)
    dtype = torch.float64 if double else torch.float32
    device = representations[0].device
    scratch = torch.empty(2, BLOCK * UNITS, dtype=dtype, device=device)
    prepared: list[Centred | CentredGram] = []
    for number, x in enumerate(representations, 1):
        name = f"representation {number}"
        prepared.append(CentredGram(x, name) if isinstance(x, Gram) else Centred(x.detach(), name, dtype))
    centred = [x for x in prepared if isinstance(x, Centred)]
    count, images = len(prepared), len(representations[0])
    if len(centred) < count:  # without the features of all, there is only one way
        return Products(*_by_grams(prepared, images, scratch), torch.finfo(dtype).eps)
    inner = torch.zeros(count, count, dtype=torch.float64, device=device)
    diagonals = torch.zeros(count, images, dtype=torch.float64, device=device)

    by_gram = cheapest_grams([x.values.shape[1] for x in centred], images)
    chosen = [number for number in range(count) if by_gram[number]]
    if chosen:
        position = torch.tensor(chosen, device=device)
        inner[position[:, None], position], diagonals[position] = _by_grams(
            [centred[x] for x in chosen], images, scratch
        )
    for first in range(count):
        if not by_gram[first]:
            diagonals[first] = _squared_lengths(centred[first], scratch[0])
        for second in range(first, count):
            if not (by_gram[first] and by_gram[second]):
                inner[first, second] = inner[second, first] = _by_features(centred[first], centred[second], scratch)
    return Products(inner, diagonals, torch.finfo(dtype).eps)


def cheapest_grams(widths: Sequence[int], images: int) -> list[bool]:
    """Choose the representations whose Gram matrices are computed, so that the number of multiplications is smallest.

    A Gram matrix costs n^2 p / 2 multiplications. A pair costs n^2 / 2 if both of its Gram matrices are computed, and
    otherwise n p q. The best choice is always the representations from some width on, or none.
    """

    def cost(threshold: int) -> float:
        grams = [width >= threshold for width in widths]
        total = sum(images**2 * width / 2 for width, gram in zip(widths, grams, strict=True) if gram)
        for first, p in enumerate(widths):
            for second in range(first, len(widths)):
                both = grams[first] and grams[second]
                total += images**2 / 2 if both else images * p * widths[second] / (2 if first == second else 1)
        return total

    best = min([*sorted(set(widths)), max(widths) + 1], key=cost)
    return [width >= best for width in widths]


def _by_grams(centred: Sequence[Centred | CentredGram], images: int, scratch: Tensor) -> tuple[Tensor, Tensor]:
    """Return inner products float64 [m, m] and diagonals [m, n], from blocks of the Gram matrices.

    Only blocks on and above the diagonal are computed, because the matrices are symmetric.
    """
    count = len(centred)
    above = torch.zeros(count, count, dtype=torch.float64, device=scratch.device)
    diagonals = torch.zeros(count, images, dtype=torch.float64, device=scratch.device)
    memory = torch.empty(count, min(BLOCK, images) ** 2, dtype=scratch.dtype, device=scratch.device)
    blocks = list(slices(images, BLOCK))
    for position, rows in enumerate(blocks):
        for columns in blocks[position:]:
            height, width = rows.stop - rows.start, columns.stop - columns.start
            entries = memory[:, : height * width].zero_()
            grams = entries.view(count, height, width)
            for x, gram in zip(centred, grams, strict=True):
                x.add_gram_block(gram, rows, columns, scratch)
            if rows == columns:
                diagonal = grams.diagonal(dim1=1, dim2=2)
                diagonals[:, rows] = diagonal.double()
                diagonal.zero_()
            above += _products(entries)
    # The part below the diagonal has the same sum as the part above it.
    return 2 * above + diagonals @ diagonals.T, diagonals


def _products(rows: Tensor) -> Tensor:
    """Return the inner products float64 [m, m] of rows [m, k]. Converting stretches of them in turn saves memory."""
    total = torch.zeros(len(rows), len(rows), dtype=torch.float64, device=rows.device)
    for stretch in rows.split(STRETCH, dim=1):
        wide = stretch.double()
        total += wide @ wide.T
    return total


def _by_features(x: Centred, y: Centred, scratch: Tensor) -> Tensor:
    """Return ||X'Y||^2, computed from blocks of the units of X and of Y."""
    total = torch.zeros((), dtype=torch.float64, device=scratch.device)
    for left in slices(x.values.shape[1], UNITS):
        for right in slices(y.values.shape[1], UNITS):
            product = x.values.new_zeros(left.stop - left.start, right.stop - right.start)
            for rows in slices(len(x.values), BLOCK):
                add_inner_product(product, x.block(rows, left, scratch[0]), y.block(rows, right, scratch[1]))
            total += product.double().square().sum()
    return total


def _squared_lengths(x: Centred, scratch: Tensor) -> Tensor:
    """Return the diagonal of the Gram matrix, float64 [n]."""
    lengths = torch.zeros(len(x.values), dtype=torch.float64, device=scratch.device)
    for rows in slices(len(x.values), BLOCK):
        for units in slices(x.values.shape[1], UNITS):
            lengths[rows] += x.block(rows, units, scratch).double().square().sum(dim=1)
    return lengths
