"""Gap and width of a domain by the features of a network. Chen et al. (2022) define neither, so these are ours."""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]


def gap(first: Features, second: Features) -> float:
    """Return the squared Fréchet distance of two Gaussians with the moments of two sets of features [n, p] and [m, p].

    It is |mean1 - mean2|² + tr(C1) + tr(C2) - 2 tr((C1 C2)^1/2), in the squared unit of the features (Dowson & Landau
    1982). The last trace is computed as the sum of the singular values of the product of the centred features. This is
    exact also for fewer images than features.
    """
    ours, theirs = deviations(first), deviations(second)
    shift = np.square(first.mean(0) - second.mean(0)).sum()
    shared = np.linalg.norm(ours @ theirs.T, "nuc")
    return max(0.0, float(shift + np.square(ours).sum() + np.square(theirs).sum() - 2 * shared))


def width(features: Features) -> float:
    """Return the trace of the covariance of features [n, p], in the squared unit of the features."""
    return float(np.square(deviations(features)).sum())


def deviations(features: Features) -> Features:
    """Centre features [n, p], and divide them by sqrt(n - 1), so that ``X.T @ X`` is their covariance."""
    centred: Features = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    return centred
