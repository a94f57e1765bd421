"""Linear CKA in float64 with whole Grams, as it is defined: what errors are counted from."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Matrix = NDArray[np.float64]


def centred_gram(x: Tensor) -> Matrix:
    """H X X' H of a representation [n, p], its columns centred first."""
    values = x.numpy().astype(np.float64)
    values -= values.mean(axis=0)
    return values @ values.T


def biased_hsic(k: Matrix, l: Matrix) -> float:  # noqa: E741
    """HSIC of two centred Grams, times (n - 1)^2."""
    return float(np.vdot(k, l))


def unbiased_hsic(k: Matrix, l: Matrix) -> float:  # noqa: E741
    """HSIC of Song et al. (2012, equation 5), times n (n - 3), of two Grams whose diagonals are left out."""
    n = len(k)
    diagonal_k, diagonal_l = np.diag(k), np.diag(l)
    sums_k, sums_l = k.sum(axis=0) - diagonal_k, l.sum(axis=0) - diagonal_l
    trace = np.vdot(k, l) - diagonal_k @ diagonal_l
    return float(trace + sums_k.sum() * sums_l.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (sums_k @ sums_l))


def cka_matrix(representations: Sequence[Tensor], estimator: str) -> Matrix:
    """CKA of every representation with every other, [m, m]; `estimator` is ``biased`` or ``debiased``."""
    hsic = {"biased": biased_hsic, "debiased": unbiased_hsic}[estimator]
    grams = [centred_gram(x) for x in representations]
    values = np.array([[hsic(k, l) for l in grams] for k in grams])  # noqa: E741
    scale = np.sqrt(np.diag(values))
    return np.asarray(values / np.outer(scale, scale))


def calibrated(x: Tensor, y: Tensor, orders: Sequence[Tensor]) -> Matrix:
    """Calibrated value, p-value and threshold of biased CKA at the level of 5 %, by an explicit loop."""
    k, l = (centred_gram(side) for side in (x, y))  # noqa: E741
    scale = np.sqrt(biased_hsic(k, k) * biased_hsic(l, l))
    observed = biased_hsic(k, l) / scale
    null = [biased_hsic(k, l[np.ix_(order, order)]) / scale for order in (each.numpy() for each in orders)]
    together = sorted([observed, *null])
    threshold = together[math.ceil(0.95 * len(together)) - 1]
    p = (1 + sum(value >= observed for value in null)) / len(together)
    return np.array([max(observed - threshold, 0) / (1 - threshold), p, threshold])
