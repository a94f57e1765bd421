"""The regression of ln T on properties of the targets (Chen et al. 2022)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """The result of an ordinary least-squares regression on k predictors.

    Attributes
    ----------
    coefficients, errors : float64 [k]
        The coefficient of each predictor, per standard deviation of the predictor, and its standard error. They are NaN
        if the points do not determine them.
    explained : float
        R², the share of the variance that is explained.
    """

    coefficients: Values
    errors: Values
    explained: float


def regress(predictors: Values, outcome: Values) -> Fit:
    """Regress an outcome [n] on predictors [n, k], which are scaled to mean 0 and standard deviation 1.

    The coefficients are NaN if they are not determined. That is so if a predictor is constant or a linear combination
    of others, or if there are no more points than parameters.
    """
    count, free = len(outcome), len(outcome) - predictors.shape[1] - 1
    unknown = np.full(predictors.shape[1], np.nan)
    if free < 1 or not predictors.std(0).all():
        return Fit(unknown, unknown, np.nan)
    scaled = (predictors - predictors.mean(0)) / predictors.std(0)
    design = np.column_stack([np.ones(count), scaled])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return Fit(unknown, unknown, np.nan)
    found, *_ = np.linalg.lstsq(design, outcome)
    left = np.square(outcome - design @ found).sum()
    errors = np.sqrt(left / free * np.diag(np.linalg.inv(design.T @ design)))
    whole = np.square(outcome - outcome.mean()).sum()
    return Fit(found[1:], errors[1:], float(1 - left / whole) if whole else np.nan)
