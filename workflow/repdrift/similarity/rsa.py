"""Representational similarity analysis (Kriegeskorte et al. 2008)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import (
    ROUNDING,
    UndefinedError,
    check,
    in_range,
    squared_distances,
    typical,
    without_rounding,
)
from repdrift.similarity.gram import Gram, Representation
from repdrift.similarity.pairs import CosineOfPairs


@dataclass(frozen=True)
class Rsa(CosineOfPairs):
    """Correlation between two representations of the dissimilarities of all pairs of images, in -1..1.

    Parameters
    ----------
    distance : str
        The dissimilarity of two images. ``correlation`` is 1 minus their Pearson correlation over the units. It is
        invariant to a scale and an offset of each image, but not to rotations or to an offset of each unit.
        ``euclidean`` is their Euclidean distance. It is invariant to rotations and to an offset of each unit.
    correlation : str
        The correlation of the dissimilarities. ``spearman`` correlates their ranks, with ties averaged, and is
        invariant to any increasing map of them. ``pearson`` correlates the values.

    Raises
    ------
    UserError
        If a parameter is unknown. `prepare` raises it if `repdrift.similarity.estimator.check` does, if the distance is
        ``correlation`` and an image has the same value in all units, or if all pairs are equally dissimilar.
    """

    distance: Literal["correlation", "euclidean"] = "correlation"
    correlation: Literal["pearson", "spearman"] = "pearson"

    def __post_init__(self) -> None:
        if self.distance not in ("correlation", "euclidean"):
            raise UserError(f"distance {self.distance!r}: use correlation or euclidean")
        if self.correlation not in ("pearson", "spearman"):
            raise UserError(f"correlation {self.correlation!r}: use pearson or spearman")

    def prepare(self, x: Representation) -> Tensor:
        """Return the matrix of the dissimilarities or their ranks, minus their mean.

        The matrix is symmetric and of norm 1, and its diagonal is 0.
        """
        check(x)
        matrix = _correlation_distances(x) if self.distance == "correlation" else squared_distances(x)
        pairs = torch.ones_like(matrix, dtype=torch.bool).triu_(diagonal=1)
        values = matrix[pairs]
        scale = 1.0 if self.distance == "correlation" else values.max().item()
        if (values.max() - values.min()).item() <= ROUNDING * scale:
            raise UndefinedError(
                "all pairs of images are equally dissimilar: their correlation with anything is undefined"
            )
        if self.correlation == "spearman":
            # Squared distances have the same ranks as distances. A rounding of 1e-16 in them would be 1e-8 in the root.
            values = _ranks(without_rounding(values, 1.0 if self.distance == "correlation" else typical(values)))
        elif self.distance == "euclidean":
            values = values.sqrt()
        result = torch.zeros_like(matrix)
        result[pairs] = values - values.mean()
        # The matrix has each pair twice, which does not change the correlation.
        result += result.T.clone()
        result /= result.norm()
        return result


def _correlation_distances(x: Representation) -> Tensor:
    """Return 1 minus the Pearson correlation of the rows of x [n, p] over the units, float64 [n, n]."""
    if isinstance(x, Gram):
        products = x.products_of_deviations()
        variances = products.diagonal()
        _check_correlations(variances <= ROUNDING * x.lengths())
        norms = variances.sqrt()
        return 1 - products / norms[:, None] / norms
    _check_correlations((x == x[:, :1]).all(dim=1))
    rows = in_range(x, torch.float64)
    rows = torch.nn.functional.normalize(rows - rows.mean(dim=1, keepdim=True), dim=1, eps=0)
    return 1 - rows @ rows.T


def _check_correlations(constant: Tensor) -> None:
    """Raise UserError if an image has the same value in all units. `constant` is bool [n]."""
    if bool(constant.any()):
        raise UserError(
            f"{int(constant.sum())} of {len(constant)} images have the same value in all units (the first is row "
            f"{int(constant.nonzero()[0])}): they have no correlation distance; leave out these images or this "
            "estimator, or use Rsa(distance='euclidean') in Python"
        )


def _ranks(values: Tensor) -> Tensor:
    """Return the ranks of values [m], counted from 1, float64 [m]. Ties have the mean of their ranks."""
    _, group, sizes = values.unique(return_inverse=True, return_counts=True)
    mean_ranks: Tensor = sizes.cumsum(dim=0) - (sizes - 1).double() / 2
    return mean_ranks[group]
