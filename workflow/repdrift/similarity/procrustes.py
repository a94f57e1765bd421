"""Orthogonal Procrustes similarity (Schönemann 1966; as a similarity of representations: Ding et al. 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.similarity.estimator import centred, check, check_same_images


@dataclass(frozen=True)
class Procrustes:
    """Nuclear norm of X'Y for centred representations of Frobenius norm 1; in 0..1.

    It is 1 - d^2 / 2 with d = min ||X Q - Y|| over orthogonal Q, the Procrustes distance. The narrower of the two is
    padded with zeros. It ignores rotations, scale and an offset of each unit.

    Raises
    ------
    UserError
        By `prepare`, as `repdrift.similarity.estimator.check` does.
    """

    def prepare(self, x: Tensor) -> Tensor:
        """Factor L of the Gram, L L' = X X', float64 [n, min(n, p)]: ||X'Y||_* depends on X only through it."""
        check(x)
        x = centred(x)
        x = x / torch.linalg.matrix_norm(x)
        # X' = Q R gives X X' = R'R; through the eigenvalues of the Gram half of the digits would be lost.
        return x if x.shape[1] <= len(x) else torch.linalg.qr(x.T, mode="r").R.T

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Procrustes similarity of two factors."""
        check_same_images(len(a), len(b))
        return float(torch.linalg.svdvals(a.T @ b).sum())

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Factor of x[order]."""
        return state[order]
