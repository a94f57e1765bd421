"""Representational similarity analysis (Kriegeskorte et al. 2008)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import ROUNDING, check, squared_distances, without_rounding
from repdrift.similarity.pairs import CosineOfPairs


@dataclass(frozen=True)
class Rsa(CosineOfPairs):
    """Correlation of the dissimilarities of all pairs of images; in -1..1.

    Parameters
    ----------
    distance : str
        ``correlation``: 1 - the Pearson correlation of two images over the units; it ignores a scale and an offset of
        each image, but not a rotation, nor an offset of each unit. ``euclidean``: it ignores rotations and an offset
        of each unit.
    correlation : str
        ``pearson``, or ``spearman``: of the ranks, ties averaged; it ignores any increasing map of the distances.

    Raises
    ------
    UserError
        If a parameter is unknown; by `prepare`, as `repdrift.similarity.estimator.check` does, if the distance is
        ``correlation`` and an image has the same value in all units, or if all pairs are equally dissimilar.
    """

    distance: Literal["correlation", "euclidean"] = "correlation"
    correlation: Literal["pearson", "spearman"] = "pearson"

    def __post_init__(self) -> None:
        if self.distance not in ("correlation", "euclidean"):
            raise UserError(f"distance {self.distance!r}: allowed are correlation, euclidean")
        if self.correlation not in ("pearson", "spearman"):
            raise UserError(f"correlation {self.correlation!r}: allowed are pearson, spearman")

    def prepare(self, x: Tensor) -> Tensor:
        """Dissimilarities or their ranks, less their mean: symmetric, of norm 1, its diagonal 0."""
        check(x)
        matrix = _correlation_distances(x) if self.distance == "correlation" else squared_distances(x)
        pairs = torch.ones_like(matrix, dtype=torch.bool).triu_(diagonal=1)
        values = matrix[pairs]
        scale = 1.0 if self.distance == "correlation" else values.max().item()
        if (values.max() - values.min()).item() <= ROUNDING * scale:
            raise UserError("all pairs of images are equally dissimilar: their correlation with anything is undefined")
        if self.correlation == "spearman":
            # Squared distances have the ranks of the distances, but rounding of about 1e-16 would be 1e-8 in the root.
            values = _ranks(without_rounding(values, scale))
        elif self.distance == "euclidean":
            values = values.sqrt()
        result = torch.zeros_like(matrix)
        result[pairs] = values - values.mean()
        # Each pair is in the matrix twice, which leaves the correlation as it is.
        result += result.T.clone()
        result /= result.norm()
        return result


def _correlation_distances(x: Tensor) -> Tensor:
    """1 - the Pearson correlation of the rows of x [n, p] over the units."""
    constant = (x == x[:, :1]).all(dim=1)
    if bool(constant.any()):
        raise UserError(
            f"{int(constant.sum())} of {len(x)} images have the same value in all units (the first is row "
            f"{int(constant.nonzero()[0])}): they have no correlation distance; use euclidean"
        )
    rows = x.double()
    rows = torch.nn.functional.normalize(rows - rows.mean(dim=1, keepdim=True), dim=1, eps=0)
    return 1 - rows @ rows.T


def _ranks(values: Tensor) -> Tensor:
    """Ranks from 1, float64 [m]; ties have the mean of theirs."""
    _, group, sizes = values.unique(return_inverse=True, return_counts=True)
    mean_ranks: Tensor = sizes.cumsum(dim=0) - (sizes - 1).double() / 2
    return mean_ranks[group]
