"""Canonical correlations: SVCCA (Raghu et al. 2017) and PWCCA (Morcos et al. 2018).

Canonical correlations of X and Y are the singular values of U_x' U_y for orthonormal bases of their centred columns, so
a basis is found once for each representation, by a singular value decomposition.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import centred, check, check_same_images

RANK_TOLERANCE = 1e-6  # of the largest singular value: below it is the rounding of float32 activations


@dataclass(frozen=True)
class Svcca:
    """Mean canonical correlation of the leading principal components; in 0..1.

    The mean is over as many correlations as the smaller side has components. It ignores rotations, scale and an offset
    of each unit.

    Parameters
    ----------
    variance : float
        Of each representation the fewest components are kept that explain this share of its variance, in 0..1.

    Raises
    ------
    UserError
        If the variance is not in (0, 1]; by `prepare`, as `repdrift.similarity.estimator.check` does, and if n images
        do not exceed p units by 2.
    """

    variance: float = 0.99

    def __post_init__(self) -> None:
        if not 0 < self.variance <= 1:
            raise UserError(f"variance {self.variance}: the share to explain must be above 0 and at most 1")

    def prepare(self, x: Tensor) -> Tensor:
        """Orthonormal basis of the kept components, float64 [n, components]."""
        basis, singular_values, _ = _decomposed(x)
        explained = singular_values.square().cumsum(dim=0)
        kept = int((explained < self.variance * explained[-1]).sum()) + 1
        return basis[:, :kept]

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Mean canonical correlation of two bases."""
        check_same_images(len(a), len(b))
        return float(torch.linalg.svdvals(a.T @ b).mean())

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Basis of x[order]."""
        return state[order]


@dataclass(frozen=True)
class Spanned:
    """A centred representation `basis @ loadings`: an orthonormal basis [n, r] and the units in it, [r, p]."""

    basis: Tensor
    loadings: Tensor


@dataclass(frozen=True)
class Pwcca:
    """Mean canonical correlation, each weighted with how much of the first representation it accounts for; in 0..1.

    The weight of a canonical direction h of X is the sum of |<h, x_j>| over the units x_j of X. As published it is
    asymmetric: the weights are those of the first representation, `a` of `compare`. (The authors' code takes the side
    with fewer directions.) It ignores scale and an offset of each unit, any invertible linear map of the second
    representation, but no rotation of the first.

    Raises
    ------
    UserError
        By `prepare`, as `repdrift.similarity.estimator.check` does, and if n images do not exceed p units by 2.
    """

    def prepare(self, x: Tensor) -> Spanned:
        """Orthonormal basis of all directions of x, and its units in that basis."""
        basis, singular_values, components = _decomposed(x)
        return Spanned(basis, singular_values[:, None] * components)

    def compare(self, a: Spanned, b: Spanned) -> float:
        """Projection-weighted mean of the canonical correlations."""
        check_same_images(len(a.basis), len(b.basis))
        directions, correlations, _ = torch.linalg.svd(a.basis.T @ b.basis, full_matrices=False)
        weights = (directions.T @ a.loadings).abs().sum(dim=1)
        return float((weights * correlations).sum() / weights.sum())

    def permute(self, state: Spanned, order: Tensor) -> Spanned:
        """Basis of x[order]; the units in it stay."""
        return Spanned(state.basis[order], state.loadings)


def _decomposed(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Singular value decomposition [n, r], [r], [r, p] of the centred x, without directions that are only rounding."""
    check(x)
    n, p = x.shape
    if p >= n - 1:
        raise UserError(
            f"representation of {n} images and {p} units: CCA needs at least {p + 2} images; with fewer, the units can "
            "fit anything exactly and every canonical correlation is 1"
        )
    basis, singular_values, components = torch.linalg.svd(centred(x), full_matrices=False)
    rank = int((singular_values > RANK_TOLERANCE * singular_values[0]).sum())
    return basis[:, :rank], singular_values[:rank], components[:rank]
