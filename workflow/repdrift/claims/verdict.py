"""The verdict on a claim, by one rule that was declared before any data: paired by seed.

Supported: at least 4 of 5 seeds have the sign that the claim says, and the mean is beyond 2 standard errors.
Contradicted: the same for the opposite sign. Inconclusive otherwise, and with fewer than 4 seeds.
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
SHARE = 0.8  # of the seeds
ERRORS = 2.0  # standard errors
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """What the seeds say of a contrast.

    Attributes
    ----------
    seeds : int
        Number of seeds.
    mean, error : float
        Mean and standard error over the seeds; the error is NaN for one seed.
    low, high : float
        95 % interval of the mean by Student's t.
    positive : int
        Seeds with the sign that the claim says.
    verdict, reason : str
        The reason says why it is not supported; empty if it is.
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
    """Judge a contrast by its values [seeds], of which a claim says that they are above 0; infinite is undefined."""
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
    """Verdict on a claim that needs all its contrasts: contradicted if any is, supported if all are."""
    found = list(verdicts)
    if CONTRADICTED in found:
        return CONTRADICTED
    return SUPPORTED if found and set(found) == {SUPPORTED} else INCONCLUSIVE
