"""Inner products of the Gram matrices of many representations, a block at a time.

HSIC needs <K, L> = sum_ij K_ij L_ij for centred Grams K = X X' and L = Y Y'. It has two forms: Gram, where each block
of K is computed once and serves every partner, and feature, ||X'Y||^2, which is cheaper where both are narrow. Nothing
of size n^2 or n p is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.similarity.estimator import check

BLOCK = 1024  # images of a block of a Gram: 4 MB in float32, for each representation
UNITS = 4096  # units that are centred at a time
STRIP = 128  # of the diagonal blocks only strips down to the diagonal are computed


@dataclass(frozen=True)
class Products:
    """Products of Grams: `inner` float64 [m, m], <K_a, K_b>; `diagonals` float64 [m, n], the squared lengths."""

    inner: Tensor
    diagonals: Tensor


@dataclass(frozen=True)
class Centred:
    """A representation [n, p] and its column means; blocks of it are centred when they are needed.

    Means are taken in float64. Subtracting them before any product keeps the digits that centring the Gram would lose.
    """

    values: Tensor
    means: Tensor

    @classmethod
    def of(cls, x: Tensor, name: str, dtype: torch.dtype) -> "Centred":
        check(x, name)
        values = x.to(dtype)
        total = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
        for rows in values.split(BLOCK):
            total += rows.sum(dim=0, dtype=torch.float64)
        return cls(values, (total / len(x)).to(values.dtype))

    def block(self, rows: slice, units: slice) -> Tensor:
        return self.values[rows, units] - self.means[units]


def slices(length: int, size: int) -> Iterator[slice]:
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def inner_products(representations: Sequence[Tensor]) -> Products:
    """Inner products of the centred Grams of representations [n, p_a] of the same images, each pair once.

    Raises
    ------
    UserError
        As `repdrift.similarity.estimator.check` does, and if the numbers of images differ.
    """
    double = any(x.dtype == torch.float64 for x in representations)
    dtype = torch.float64 if double else torch.float32
    centred = [Centred.of(x, f"representation {number}", dtype) for number, x in enumerate(representations, 1)]
    count, images = len(centred), len(representations[0])
    device = representations[0].device
    by_gram = cheapest_grams([x.values.shape[1] for x in centred], images)
    inner = torch.zeros(count, count, dtype=torch.float64, device=device)
    chosen = [number for number in range(count) if by_gram[number]]
    if chosen:
        inner[torch.tensor(chosen)[:, None], torch.tensor(chosen)] = _by_grams([centred[number] for number in chosen])
    for first in range(count):
        for second in range(first, count):
            if not (by_gram[first] and by_gram[second]):
                inner[first, second] = inner[second, first] = _by_features(centred[first], centred[second])
    return Products(inner, torch.stack([_squared_lengths(x) for x in centred]))


def cheapest_grams(widths: Sequence[int], images: int) -> list[bool]:
    """Choose the representations whose Grams are formed, so that the multiplications of all pairs are fewest.

    A Gram costs n^2 p / 2 and serves all partners at n^2 / 2 each; a pair without both Grams costs n p q. What is best
    is to form those of all representations from some width on, or none.
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


def _by_grams(centred: Sequence[Centred]) -> Tensor:
    """Inner products float64 [m, m], from blocks on and above the diagonal of every Gram."""
    images = len(centred[0].values)
    total = torch.zeros(len(centred), len(centred), dtype=torch.float64, device=centred[0].values.device)
    blocks = list(slices(images, BLOCK))
    for position, rows in enumerate(blocks):
        for columns in blocks[position:]:
            grams = torch.stack([gram_block(x, rows, columns).flatten() for x in centred])
            # Of the diagonal blocks, the part above the diagonal; every such entry stands for two.
            total += 2 * _products(grams)
    diagonals = torch.stack([_squared_lengths(x) for x in centred])
    return total + diagonals @ diagonals.T


def _products(grams: Tensor) -> Tensor:
    """Inner products of rows [m, k], summed in float64 a stretch at a time."""
    total = torch.zeros(len(grams), len(grams), dtype=torch.float64, device=grams.device)
    for stretch in grams.split(2**18, dim=1):
        wide = stretch.double()
        total += wide @ wide.T
    return total


def gram_block(x: Centred, rows: slice, columns: slice) -> Tensor:
    """Block of the Gram of centred rows; of a diagonal block only what is above the diagonal, the rest is 0."""
    block = x.values.new_zeros(rows.stop - rows.start, columns.stop - columns.start)
    for units in slices(x.values.shape[1], UNITS):
        left = x.block(rows, units)
        if rows == columns:
            for strip in slices(len(left), STRIP):
                block[strip, strip.start :].addmm_(left[strip], left[strip.start :].T)
        else:
            block.addmm_(left, x.block(columns, units).T)
    return block.triu_(diagonal=1) if rows == columns else block


def _by_features(x: Centred, y: Centred) -> Tensor:
    """||X'Y||^2, a block of units of either side at a time."""
    total = torch.zeros((), dtype=torch.float64, device=x.values.device)
    for left in slices(x.values.shape[1], UNITS):
        for right in slices(y.values.shape[1], UNITS):
            product = x.values.new_zeros(left.stop - left.start, right.stop - right.start)
            for rows in slices(len(x.values), BLOCK):
                product.addmm_(x.block(rows, left).T, y.block(rows, right))
            total += product.double().square().sum()
    return total


def _squared_lengths(x: Centred) -> Tensor:
    """Diagonal of the Gram, float64 [n]."""
    lengths = torch.zeros(len(x.values), dtype=torch.float64, device=x.values.device)
    for rows in slices(len(x.values), BLOCK):
        for units in slices(x.values.shape[1], UNITS):
            lengths[rows] += x.block(rows, units).double().square().sum(dim=1)
    return lengths
