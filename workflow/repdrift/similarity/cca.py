"""Canonical correlations: SVCCA (Raghu et al. 2017) and PWCCA (Morcos et al. 2018).

The canonical correlations of X and Y are the singular values of U_x' U_y, where U_x and U_y are orthonormal bases of
the centred columns of X and Y. A singular value decomposition finds the basis of each representation once.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import Estimator, centred, check, check_same_images
from repdrift.similarity.gram import Gram, Representation

RANK_TOLERANCE = 1e-6  # relative to the largest singular value: smaller ones are the rounding of float32 activations


@dataclass(frozen=True)
class Svcca(Estimator[Tensor]):
    """Mean canonical correlation of the leading principal components (SVCCA), in 0..1.

    If k and l components of the two representations are kept, the mean is over min(k, l) correlations. SVCCA is
    invariant to rotations, to scale, and to an offset of each unit.

    Parameters
    ----------
    variance : float
        Share of the variance of a representation that its kept components explain, in 0..1. No more components are
        kept than that needs.

    Raises
    ------
    UserError
        If the variance is not in (0, 1]. `prepare` raises it if `repdrift.similarity.estimator.check` does, or if there
        are fewer than p + 2 images for p units.
    """

    variance: float = 0.99

    def __post_init__(self) -> None:
        if not 0 < self.variance <= 1:
            raise UserError(f"variance {self.variance}: the share to explain must be above 0 and at most 1")

    def prepare(self, x: Representation) -> Tensor:
        """Return an orthonormal basis of the kept components, float64 [n, components]."""
        basis, singular_values, _ = _decomposed(x)
        explained = singular_values.square().cumsum(dim=0)
        kept = int((explained < self.variance * explained[-1]).sum()) + 1
        return basis[:, :kept]

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the mean canonical correlation of two bases."""
        check_same_images(len(a), len(b))
        return float(torch.linalg.svdvals(a.T @ b).mean())

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the basis of x[order]."""
        return state[order]


@dataclass(frozen=True)
class Spanned:
    """A centred representation as a product `basis @ loadings`.

    Attributes
    ----------
    basis : float64 Tensor [n, r]
        An orthonormal basis of its columns.
    loadings : float64 Tensor [r, p]
        The coordinates of its units in this basis.
    """

    basis: Tensor
    loadings: Tensor


@dataclass(frozen=True)
class Pwcca(Estimator[Spanned]):
    """Projection-weighted mean of the canonical correlations (PWCCA), in 0..1.

    The weight of a canonical direction h of X is the sum of |<h, x_j>| over the units x_j of X. As published, the
    measure is asymmetric: X is the first representation, `a` of `compare`. (The authors' code takes the representation
    with fewer directions.) PWCCA is invariant to scale, to an offset of each unit, and to any invertible linear map of
    the second representation. It is not invariant to rotations of the first.

    Raises
    ------
    UserError
        `prepare` raises it if `repdrift.similarity.estimator.check` does, or if there are fewer than p + 2 images for p
        units.
    """

    def prepare(self, x: Representation) -> Spanned:
        """Return an orthonormal basis of all directions of x, and the coordinates of its units in that basis."""
        basis, singular_values, components = _decomposed(x)
        return Spanned(basis, singular_values[:, None] * components)

    def compare(self, a: Spanned, b: Spanned) -> float:
        """Return the mean of the canonical correlations, weighted by the first representation."""
        check_same_images(len(a.basis), len(b.basis))
        directions, correlations, _ = torch.linalg.svd(a.basis.T @ b.basis, full_matrices=False)
        weights = (directions.T @ a.loadings).abs().sum(dim=1)
        return float((weights * correlations).sum() / weights.sum())

    def permute(self, state: Spanned, order: Tensor) -> Spanned:
        """Return the basis of x[order]. The coordinates of the units do not change."""
        return Spanned(state.basis[order], state.loadings)


def _decomposed(x: Representation) -> tuple[Tensor, Tensor, Tensor]:
    """Return the singular value decomposition [n, r], [r], [r, p] of the centred x, without directions of rounding."""
    check(x)
    n, p = x.shape
    if p >= n - 1:
        raise UserError(
            f"representation of {n} images and {p} units: CCA needs at least {p + 2} images; with fewer, the units can "
            "fit anything exactly and every canonical correlation is 1"
        )
    if isinstance(x, Gram):
        raise UserError("CCA needs the features of a representation, and only their inner products are kept")
    basis, singular_values, components = torch.linalg.svd(centred(x), full_matrices=False)
    rank = int((singular_values > RANK_TOLERANCE * singular_values[0]).sum())
    return basis[:, :rank], singular_values[:rank], components[:rank]
