"""Random permutations of images, in families whose similarities a Fourier transform computes at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from repdrift.errors import UserError

PERMUTATIONS = 200  # the error of a 95 % quantile of this many values is 0.15 of their standard deviation
OFFSETS = 64  # diagonals that are transformed at a time: few enough to stay in the cache


@dataclass(frozen=True, eq=False)
class Permutations:
    """Permutations of n images: all n cyclic shifts of each of m random permutations, or the first `count` of them.

    Permutation s of base b puts image ``bases[b, (i + s) mod n]`` at the place of image ``positions[i]``, for all i.

    They are as good as independent permutations, for three reasons. Each of them is uniformly random, because its base
    is. Permutations of different bases are independent. Two permutations of one base are P and P C, where C is a
    cyclic shift of the images in their random order `positions`. C does not depend on P, and is itself a uniformly
    random permutation among those with the same lengths of cycles. So two permutations of one base differ from two
    independent ones only in that C has no fixed points and equal cycles. The error of a mean, and of the share of
    values above a threshold, depends on the joint distribution of pairs only.

    The random order `positions` is necessary: without it, the shifts of images that are sorted by class would give
    nearly equal similarities.

    Attributes
    ----------
    bases : int64 Tensor [m, n]
    positions : int64 Tensor [n]
    count : int
        Number of permutations, at most m n. Iteration gives each of them, int64 [n].
    """

    bases: Tensor
    positions: Tensor
    count: int

    @classmethod
    def random(cls, images: int, count: int = PERMUTATIONS, seed: int = 0) -> "Permutations":
        """Draw permutations of n images from a generator of their own with this seed.

        Raises
        ------
        UserError
            If a number is less than 1.
        """
        if images < 1 or count < 1:
            raise UserError(f"{count} permutations of {images} images: both numbers must be at least 1")
        generator = torch.Generator().manual_seed(seed)
        orders = torch.stack([torch.randperm(images, generator=generator) for _ in range(ceil(count / images) + 1)])
        return cls(orders[1:], orders[0], count)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Tensor]:
        for number in range(self.count):
            base, shift = divmod(number, len(self.positions))
            order = torch.empty_like(self.positions)
            order[self.positions] = self.bases[base].roll(-shift)
            yield order


Orders = Permutations | Sequence[Tensor]  # what an estimator takes; in a sequence, each permutation is int64 [n]


def reordered(matrix: Tensor, order: Tensor) -> Tensor:
    """Return the transpose of matrix[order][:, order]."""
    # Whole rows are moved twice, which is five times as fast as indexing single entries.
    return matrix.index_select(0, order).T.contiguous().index_select(0, order)


def inner_products(a: Tensor, b: Tensor, permutations: Permutations, *, symmetric: bool) -> Tensor:
    """Return the inner products of `a` with `b`, its images permuted: <a, b[order][:, order]>, float64 [count].

    Parameters
    ----------
    a, b : float64 Tensor [n, n]
        Entries for all pairs of images.
    permutations : Permutations
    symmetric : bool
        Whether both matrices are symmetric, which saves half of the work.
    """
    fixed = reordered(a, permutations.positions.to(a.device))
    bases = permutations.bases.to(b.device)
    # Both matrices are transposed by `reordered`, which does not change their inner product.
    products = [_by_shift(fixed, reordered(b, base), symmetric=symmetric) for base in bases]
    return torch.cat(products)[: permutations.count]


def _by_shift(a: Tensor, b: Tensor, *, symmetric: bool) -> Tensor:
    """Return sum_ij a[i, j] b[i + s, j + s] for all shifts s, with indices modulo n: float64 [n].

    The sum over the entries of one diagonal, j - i = d, is a cyclic cross-correlation of the diagonals d of `a` and b.
    The Fourier transform of a cross-correlation is a product. So the transforms of all diagonals are multiplied and
    added, and the sum is transformed back.
    """
    images = len(a)
    # Diagonals d and n - d of a symmetric matrix have the same entries.
    count = images // 2 + 1 if symmetric else images
    weights = a.new_full((count,), 2.0 if symmetric else 1.0)
    weights[0] = 1
    if images % 2 == 0:
        weights[images // 2] = 1
    spectrum = torch.zeros(images // 2 + 1, dtype=torch.complex128, device=a.device)
    wide_a, wide_b = (torch.cat([matrix, matrix[:, :count]], dim=1) for matrix in (a, b))
    for first in range(0, count, OFFSETS):
        chosen = slice(first, min(first + OFFSETS, count))
        left = torch.fft.rfft(_diagonals(wide_a, chosen) * weights[chosen], dim=0)
        right = torch.fft.rfft(_diagonals(wide_b, chosen), dim=0)
        spectrum += (left.conj() * right).sum(dim=1)
    products: Tensor = torch.fft.irfft(spectrum, images)
    return products


def _diagonals(wide: Tensor, offsets: slice) -> Tensor:
    """Return the diagonals of a matrix in columns, a view [n, k]: entry [i, i + d] for each i and each offset d.

    `wide` [n, n + c] is the contiguous matrix followed by its first c columns, so that i + d need not be wrapped.
    """
    images, width = wide.shape
    return wide.as_strided((images, offsets.stop - offsets.start), (width + 1, 1), offsets.start)
