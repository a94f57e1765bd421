"""The regression of ln T on properties of the targets (Chen et al. 2022)."""

from collections.abc import Sequence
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


def regress(predictors: Values, outcome: Values, domains: Sequence[str]) -> Fit:
    """Regress an outcome [n] on predictors [n, k], which are scaled to mean 0 and standard deviation 1.

    Points of the same domain share its gap and its width, so they are not independent. The standard errors are
    therefore those of a jackknife that leaves out one domain at a time.

    The coefficients are NaN if they are not determined. That is so if a predictor is constant or a linear combination
    of others, or if there are no more points than parameters. The errors are NaN if that is so without some domain.

    Parameters
    ----------
    predictors : float64 [n, k]
    outcome : float64 [n]
    domains : sequence of str, [n]
        The domain of each point.
    """
    unknown = np.full(predictors.shape[1], np.nan)
    spread = predictors.std(0)
    if not len(outcome) or not spread.all():
        return Fit(unknown, unknown, np.nan)
    scaled = (predictors - predictors.mean(0)) / spread
    found = _solved(scaled, outcome)
    if np.isnan(found).any():
        return Fit(unknown, unknown, np.nan)
    left = np.square(outcome - found[0] - scaled @ found[1:]).sum()
    whole = np.square(outcome - outcome.mean()).sum()
    names = np.asarray(domains)
    without = np.array([_solved(scaled[names != name], outcome[names != name])[1:] for name in np.unique(names)])
    count = len(without)
    errors = np.sqrt((count - 1) / count * np.square(without - without.mean(0)).sum(0)) if count > 1 else unknown
    return Fit(found[1:], errors, float(1 - left / whole) if whole else np.nan)


def _solved(predictors: Values, outcome: Values) -> Values:
    """Return the intercept and the coefficients [k + 1]; NaN if the points do not determine them."""
    design = np.column_stack([np.ones(len(outcome)), predictors])
    parameters = design.shape[1]
    if len(outcome) <= parameters or np.linalg.matrix_rank(design) < parameters:
        return np.full(parameters, np.nan)
    found, *_ = np.linalg.lstsq(design, outcome)
    return np.asarray(found, dtype=np.float64)
