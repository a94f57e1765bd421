"""Orthogonal Procrustes similarity (Schönemann 1966). Ding et al. (2021) use it for representations."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigvalsh
from scipy.linalg.lapack import dpocon, dpotrf, dpstrf
from torch import Tensor

from repdrift.similarity.blas import add_square
from repdrift.similarity.estimator import Estimator, centred, check, check_same_images
from repdrift.similarity.gram import Gram, Representation

ROUNDINGS = 4  # the error of an eigenvalue, in roundings of the largest one
TOLERANCE = 1e-11  # the largest error of a similarity that is accepted without a singular value decomposition


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
        """Return a factor L of the Gram matrix, L L' = X X', float64 [n, min(n - 1, p)].

        The nuclear norm of X'Y depends on X only by its Gram matrix, whose rank is below n because X is centred.
        """
        check(x)
        values = centred(_factor(x) if isinstance(x, Gram) else x)
        values /= torch.linalg.matrix_norm(values)
        if values.shape[1] < len(values):
            return values
        return _cholesky_factor(values) if x.device.type == "cpu" else _qr_factor(values)

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the Procrustes similarity of two factors."""
        check_same_images(len(a), len(b))
        return nuclear_norm(a.T @ b)

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the factor of x[order]."""
        return state[order]


def _qr_factor(values: Tensor) -> Tensor:
    """Return a factor [n, n - 1] of the Gram matrix of centred features of norm 1, with all digits.

    X' = Q R gives X X' = R'R. The last image is minus the sum of the others, so the last column of R' has nothing but
    rounding errors.
    """
    factor: Tensor = torch.linalg.qr(values.T, mode="r").R.T
    return factor[:, :-1].contiguous()


def _cholesky_factor(values: Tensor) -> Tensor:
    """Return the same factor from the Gram matrix, in half of the time, if that costs no digits that count.

    With a Gram matrix that is off by E, the factor is off by E / (2 s), where s is its smallest singular value. So is
    the nuclear norm of its product with another factor of norm 1. Without the last image, the Gram matrix has full
    rank, unless images are equal.
    """
    gram = values.new_zeros(len(values), len(values))
    add_square(gram, values)
    # BLAS sees our matrices transposed, so the triangle above the diagonal is the lower one.
    others = np.asfortranarray(gram.numpy().T[:-1, :-1])
    norm = float(np.abs(others + np.tril(others, -1).T).sum(axis=0).max())
    lower, failed = dpotrf(others, lower=1, clean=1)
    if not failed:
        reciprocal, _ = dpocon(lower, norm, uplo="L")
        smallest = (reciprocal * norm) ** 0.5  # the norm of the inverse is at least its largest eigenvalue
        if ROUNDINGS * np.finfo(np.float64).eps <= 2 * smallest * TOLERANCE:
            factor = torch.from_numpy(np.ascontiguousarray(lower))
            return torch.cat([factor, -factor.sum(dim=0, keepdim=True)])
    return _qr_factor(values)


def nuclear_norm(x: Tensor) -> float:
    """Return the sum of the singular values of a matrix float64 [p, q], with an error of at most about 1e-11.

    The singular values are the roots of the eigenvalues of X'X, which take a third of the time of a singular value
    decomposition. An eigenvalue has an error relative to the largest one, so the root of a small one may lose digits.
    The singular values are computed themselves if the sum could lose too many.
    """
    small = (x if x.shape[0] <= x.shape[1] else x.T).contiguous()
    square = small.new_zeros(len(small), len(small))
    add_square(square, small)
    eigenvalues = _eigenvalues(square).clamp_(min=0)
    error = ROUNDINGS * torch.finfo(x.dtype).eps * eigenvalues[-1]
    roots = eigenvalues.sqrt()
    # The root of l + e is off by e / (2 sqrt(l)) for a small e, and by sqrt(e) at most.
    errors = torch.minimum(error / (2 * roots), error.sqrt())
    return float(roots.sum() if errors.sum() <= TOLERANCE else torch.linalg.svdvals(x).sum())


def _eigenvalues(matrix: Tensor) -> Tensor:
    """Return the eigenvalues of a symmetric matrix [p, p], given on and above its diagonal, in ascending order."""
    if matrix.device.type != "cpu":
        found: Tensor = torch.linalg.eigvalsh(matrix, UPLO="U")
        return found
    # LAPACK sees the matrix transposed. In scipy it takes two thirds of the time that it takes in torch.
    return torch.from_numpy(eigvalsh(matrix.numpy().T, lower=True, overwrite_a=True, check_finite=False))


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
