"""Orthogonal Procrustes similarity (Schönemann 1966). Ding et al. (2021) use it for representations."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg.lapack import dpstrf
from torch import Tensor

from repdrift.similarity.estimator import Estimator, centred, check, check_same_images
from repdrift.similarity.gram import Gram, Representation


@dataclass(frozen=True)
class Procrustes(Estimator[Tensor]):
    """Nuclear norm of X'Y, where X and Y are centred representations of Frobenius norm 1. It is in 0..1.

    It equals 1 - d^2 / 2, where d is the Procrustes distance: the minimum of ||X Q - Y|| over orthogonal Q. The
    narrower representation is padded with zeros. The similarity is invariant to rotations, to scale, and to an offset
    of each unit.

    Raises
    ------
    UserError
        `prepare` raises it if `repdrift.similarity.estimator.check` does.
    """

    def prepare(self, x: Representation) -> Tensor:
        """Return a factor L of the Gram matrix, L L' = X X', float64 [n, min(n, p)].

        The nuclear norm of X'Y depends on X only by its Gram matrix.
        """
        check(x)
        values = centred(_factor(x) if isinstance(x, Gram) else x)
        values /= torch.linalg.matrix_norm(values)
        # X' = Q R gives X X' = R'R. The eigenvalues of the Gram matrix would do too, but would lose half of the digits.
        if values.shape[1] <= len(values):
            return values
        factor: Tensor = torch.linalg.qr(values.T, mode="r").R.T
        return factor

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the Procrustes similarity of two factors."""
        check_same_images(len(a), len(b))
        return float(torch.linalg.svdvals(a.T @ b).sum())

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the factor of x[order]."""
        return state[order]


def _factor(x: Gram) -> Tensor:
    """Return a factor L of the Gram matrix of the features minus the centre, float64 [n, n + 1].

    It is centred afterwards, so that no digits are lost by centring products. Cholesky's algorithm keeps the digits of
    a row also if another row is much longer, because the rows are scaled to length 1 first. Eigenvalues would not: each
    of them has an error relative to the largest. With pivots it can end where only rounding is left, since the products
    of equal images have no full rank.
    """
    lengths = x.products.diagonal().sqrt()
    lengths = torch.where(lengths > 0, lengths, 1.0)
    scaled = x.products / lengths[:, None] / lengths
    found, pivots, rank, _ = dpstrf(scaled.cpu().numpy(), tol=len(x) ** 0.5 * np.finfo(np.float64).eps, lower=1)
    factor = np.zeros_like(found)
    factor[pivots - 1, :rank] = np.tril(found)[:, :rank]
    rows = torch.from_numpy(factor).to(lengths) * lengths[:, None]
    return torch.cat([rows, x.width**0.5 * x.means[:, None]], dim=1)
