"""The verdict on a claim. One rule, which was declared before any data, judges differences that are paired by seed.

A contrast is supported if at least 80 % of the seeds have the claimed sign and the mean lies beyond 2 standard errors.
It is contradicted if the same holds for the opposite sign. It is inconclusive otherwise, and with fewer than 4 seeds.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SUPPORTED, CONTRADICTED, INCONCLUSIVE = "supported", "contradicted", "inconclusive"
VERDICTS = (SUPPORTED, INCONCLUSIVE, CONTRADICTED)
MIN_SEEDS = 4
SHARE = 0.8  # least share of the seeds with the claimed sign
ERRORS = 2.0  # least distance of the mean from 0 in standard errors
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """The statistics of a contrast over seeds, and the verdict on it.

    Attributes
    ----------
    seeds : int
        Number of seeds.
    mean, error : float
        Mean and standard error over the seeds. The error is NaN for one seed.
    low, high : float
        Limits of the 95 % confidence interval of the mean by Student's t.
    positive : int
        Number of seeds with the claimed sign.
    verdict : str
    reason : str
        Why the contrast is not supported. It is empty if the contrast is supported.
    """

    seeds: int
    mean: float
    error: float
    low: float
    high: float
    positive: int
    verdict: str
    reason: str


def judge(values: NDArray[np.float64] | Sequence[float]) -> Verdict:
    """Judge a contrast by its values [seeds], which the claim says are above 0. Infinite values count as undefined."""
    values = np.asarray(values, dtype=np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    count = len(values)
    undefined = int(np.isnan(values).sum())
    positive, negative = int((values > 0).sum()), int((values < 0).sum())
    mean = float(values.mean()) if count else math.nan
    error = float(stats.sem(values)) if count > 1 else math.nan
    width = error * float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) if count > 1 else math.nan
    verdict, reason = INCONCLUSIVE, ""
    if undefined:
        reason = f"undefined for {undefined} of {count} seeds"
    elif count < MIN_SEEDS:
        reason = f"too few seeds: {count}, and {MIN_SEEDS} are needed"
    elif mean > ERRORS * error and positive >= SHARE * count:
        verdict = SUPPORTED
    elif mean < -ERRORS * error and negative >= SHARE * count:
        verdict, reason = CONTRADICTED, f"the opposite sign in {negative} of {count} seeds"
    elif not mean and not error:
        reason = "no difference"
    elif abs(mean) <= ERRORS * error:
        reason = f"the mean is within {ERRORS:g} standard errors"
    else:
        reason = f"the sign is that of the mean in {positive if mean > 0 else negative} of {count} seeds only"
    return Verdict(count, mean, error, mean - width, mean + width, positive, verdict, reason)


def together(verdicts: Iterable[str]) -> str:
    """Combine the verdicts on the contrasts of a claim: contradicted if any is, supported if all are."""
    found = list(verdicts)
    if CONTRADICTED in found:
        return CONTRADICTED
    return SUPPORTED if found and set(found) == {SUPPORTED} else INCONCLUSIVE
