"""Overlap of nearest neighbours (mutual k-nearest-neighbour alignment, Huh et al. 2024, with Euclidean distances)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import check, check_same_images, squared_distances, without_rounding

ROWS = 1024  # sorted at a time, to keep the memory small


@dataclass(frozen=True)
class MutualNeighbours:
    """Mean share of the k nearest neighbours of an image that both representations have in common; in 0..1.

    An image is no neighbour of itself. By chance it is k / (n - 1). Of equally near images those of the lower index are
    the neighbours, in the order in which `prepare` saw them. It ignores rotations, scale and an offset of each unit.

    Parameters
    ----------
    k : int
        Number of neighbours, 1 to n - 1.

    Raises
    ------
    UserError
        If k < 1; by `prepare`, as `repdrift.similarity.estimator.check` does, and if k >= n.
    """

    k: int = 10

    def __post_init__(self) -> None:
        if self.k < 1:
            raise UserError(f"k = {self.k} neighbours: at least 1 is needed")

    def prepare(self, x: Tensor) -> Tensor:
        """Nearest neighbours of each image, int64 [n, k]."""
        check(x)
        if self.k >= len(x):
            raise UserError(f"k = {self.k} neighbours of {len(x)} images: k must be less than the number of images")
        squared = squared_distances(x)
        keys = without_rounding(squared, squared.max().item()).fill_diagonal_(torch.inf)
        return torch.cat([rows.argsort(dim=1, stable=True)[:, : self.k] for rows in keys.split(ROWS)])

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Mean share of common neighbours."""
        check_same_images(len(a), len(b))
        # An image is at most once in either list: it is common if it is there twice in both together.
        merged = torch.cat([a, b], dim=1).sort(dim=1).values
        return (merged[:, 1:] == merged[:, :-1]).sum().item() / a.numel()

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Neighbours of x[order]: the rows are moved, and the images in them have the numbers of their new places."""
        return order.argsort()[state[order]]
