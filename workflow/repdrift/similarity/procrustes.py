"""Orthogonal Procrustes similarity (Schönemann 1966). Ding et al. (2021) use it for representations."""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.similarity.estimator import Estimator, centred, check, check_same_images


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

    def prepare(self, x: Tensor) -> Tensor:
        """Return a factor L of the Gram matrix, L L' = X X', float64 [n, min(n, p)].

        The nuclear norm of X'Y depends on X only by its Gram matrix.
        """
        check(x)
        x = centred(x)
        x = x / torch.linalg.matrix_norm(x)
        # X' = Q R gives X X' = R'R. The eigenvalues of the Gram matrix would do too, but would lose half of the digits.
        return x if x.shape[1] <= len(x) else torch.linalg.qr(x.T, mode="r").R.T

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the Procrustes similarity of two factors."""
        check_same_images(len(a), len(b))
        return float(torch.linalg.svdvals(a.T @ b).sum())

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the factor of x[order]."""
        return state[order]
