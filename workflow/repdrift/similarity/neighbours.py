"""Overlap of nearest neighbours: mutual k-nearest-neighbour alignment (Huh et al. 2024) by Euclidean distance."""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import (
    Estimator,
    check,
    check_same_images,
    squared_distances,
    typical,
    without_rounding,
)
from repdrift.similarity.gram import Representation
from repdrift.similarity.permutations import Orders, Permutations, inner_products

ROWS = 1024  # rows of distances that are sorted at a time, which limits the memory


@dataclass(frozen=True)
class MutualNeighbours(Estimator[Tensor]):
    """Share of the k nearest neighbours of an image that two representations have in common, as a mean in 0..1.

    An image is not a neighbour of itself. The value by chance is k / (n - 1). Of equally near images, those with the
    lower index in the representation that `prepare` received are the neighbours. The measure is invariant to rotations,
    to scale, and to an offset of each unit.

    Parameters
    ----------
    k : int
        Number of neighbours, 1 to n - 1.

    Raises
    ------
    UserError
        If k < 1. `prepare` raises it if `repdrift.similarity.estimator.check` does, or if k >= n.
    """

    k: int = 10

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UserError(f"k = {self.k} neighbours: at least 1 is needed")

    def prepare(self, x: Representation) -> Tensor:
        """Return the indices of the nearest neighbours of each image, int64 [n, k]."""
        check(x)
        if self.k >= len(x):
            raise UserError(f"k = {self.k} neighbours of {len(x)} images: k must be less than the number of images")
        squared = squared_distances(x)
        keys = without_rounding(squared, typical(squared)).fill_diagonal_(torch.inf)
        return torch.cat([rows.argsort(dim=1, stable=True)[:, : self.k] for rows in keys.split(ROWS)])

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the mean share of common neighbours."""
        check_same_images(len(a), len(b))
        # No list has an image twice, so an image that is twice in both lists together is in each of them.
        merged = torch.cat([a, b], dim=1).sort(dim=1).values
        return (merged[:, 1:] == merged[:, :-1]).sum().item() / a.numel()

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the neighbours of x[order]: rows change places, and each index becomes the new index of its image."""
        return order.argsort()[state[order]]

    def compare_permuted(self, a: Tensor, b: Tensor, permutations: Orders) -> Tensor:
        """Return the share under each permutation, for all shifts of a base at once if they are `Permutations`."""
        check_same_images(len(a), len(b))
        if not isinstance(permutations, Permutations):
            return super().compare_permuted(a, b, permutations)
        common = inner_products(_adjacency(a), _adjacency(b), permutations, symmetric=False)
        # The numbers of common neighbours are whole. Rounding makes those that equal the observed one equal again.
        return common.round() / a.numel()

    def null_mean(self, a: Tensor, b: Tensor) -> float:
        """Return the mean share over all permutations: each of the n - 1 other images is equally often a neighbour."""
        return self.k / (len(a) - 1)


def _adjacency(state: Tensor) -> Tensor:
    """Return the matrix float64 [n, n] that is 1 where the image of the column is a neighbour of that of the row."""
    return torch.zeros(len(state), len(state), dtype=torch.float64, device=state.device).scatter_(1, state, 1.0)
