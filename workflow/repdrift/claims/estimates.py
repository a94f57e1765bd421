"""The effect of a contrast with its interval. Its two sources of variance are the seeds and the probe images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from repdrift.claims.rule import CONFIDENCE

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """The effect of a contrast, which is its mean over seeds.

    Attributes
    ----------
    seeds : int
        Number of seeds.
    effect, error : float
        The mean, and its standard error. The error is NaN for one seed.
    freedom : float
        Degrees of freedom of the error.
    low, high : float
        Limits of the two-sided 95 % confidence interval by Student's t.
    undefined : int
        Number of seeds without a finite value. If there are any, the effect is NaN.
    """

    seeds: int
    effect: float
    error: float
    freedom: float
    low: float
    high: float
    undefined: int = 0

    def p_above(self, bound: float) -> float:
        """Return the one-sided p-value of the hypothesis that the effect is at most `bound`."""
        return self._p(self.effect - bound)

    def p_below(self, bound: float) -> float:
        """Return the one-sided p-value of the hypothesis that the effect is at least `bound`."""
        return self._p(bound - self.effect)

    def _p(self, distance: float) -> float:
        if math.isnan(distance) or math.isnan(self.error):
            return math.nan
        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        return float(special.stdtr(self.freedom, -distance / self.error))


def estimate(values: Values | Sequence[float], resampled: Values | None = None) -> Estimate:
    """Estimate the effect of a contrast.

    The variance of the mean over seeds is that of seeds and probes crossed (Schütt et al. 2023, eLife 82566): the
    variance between seeds, which includes the interaction, divided by the number of seeds, plus the variance that all
    seeds share because they share a probe. The latter is the mean covariance of two seeds over resampled probes. The
    degrees of freedom are those of Satterthwaite (1946).

    Parameters
    ----------
    values : sequence of float, [seeds]
        The contrast in each seed. Infinite values count as undefined.
    resampled : float64 [seeds, R], optional
        The contrast in each seed on R resampled probes, which are the same in all seeds. Without it, the interval holds
        for the probe of the study only.
    """
    values = np.asarray(values, dtype=np.float64)
    undefined = int((~np.isfinite(values)).sum())
    count = len(values)
    if undefined or not count:
        return Estimate(count, math.nan, math.nan, math.nan, math.nan, math.nan, undefined)
    effect = float(values.mean())
    if count == 1:
        return Estimate(1, effect, math.nan, math.nan, math.nan, math.nan)
    of_seeds = float(values.var(ddof=1)) / count
    of_probes, replicates = 0.0, math.inf
    if resampled is not None:
        of_probes, replicates = shared_variance(resampled), resampled.shape[1] / 2
    error = math.sqrt(of_seeds + of_probes)
    freedom = satterthwaite([(of_seeds, count - 1), (of_probes, replicates)])
    width = float(half_width(error, freedom)) if error else 0.0
    return Estimate(count, effect, error, freedom, effect - width, effect + width)


def half_width(error: Values | float, freedom: Values | float) -> Values:
    """Return half the width of the 95 % interval by Student's t, given standard errors and degrees of freedom."""
    return np.asarray(error * special.stdtrit(freedom, (1 + CONFIDENCE) / 2))


def shared_variance(resampled: Values) -> float:
    """Return the variance over probes that seeds share: the mean covariance of two seeds, float64 [seeds, R]; >= 0."""
    covariance = np.atleast_2d(np.cov(resampled))
    count = len(covariance)
    return max(0.0, float(covariance.sum() - np.trace(covariance)) / (count * (count - 1)))


def satterthwaite(parts: Sequence[tuple[float, float]]) -> float:
    """Return the degrees of freedom of a sum of independent variances, given each with its degrees of freedom."""
    total = sum(variance for variance, _ in parts)
    spread = sum(variance**2 / freedom for variance, freedom in parts)
    return total**2 / spread if spread else min(freedom for _, freedom in parts)
