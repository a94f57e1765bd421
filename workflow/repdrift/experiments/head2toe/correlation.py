"""Rank correlations over few targets, for each seed, with an interval over targets and seeds."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

REPLICATES = 2000
CONFIDENCE = 0.95


def rank_correlations(first: Values, second: Values) -> Values:
    """Return Spearman's rank correlation of each row of two arrays [seeds, targets].

    It is NaN where a value is NaN or all values of a row are equal.
    """
    one, two = (_centred(stats.rankdata(values, axis=1)) for values in (first, second))
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    known = np.isfinite(first).all(1) & np.isfinite(second).all(1) & (norms > 0)
    found = np.full(len(first), np.nan)
    found[known] = (one * two).sum(1)[known] / norms[known]
    return found


def _centred(ranks: Values) -> Values:
    centred: Values = ranks - ranks.mean(1, keepdims=True)
    return centred


def interval(first: Values, second: Values) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean rank correlation, from a bootstrap of targets and seeds.

    The targets and the seeds of two arrays [seeds, targets] are drawn with replacement, 2,000 times. Draws in which the
    correlation is undefined, such as those of a single target, are left out. With few targets the interval is wide, and
    it is a rough one: it tells what other targets of the same kinds could give. It is NaN if there is no draw left.
    """
    generator = np.random.default_rng(0)
    seeds, targets = first.shape
    means = []
    for _ in range(REPLICATES):
        drawn = np.ix_(generator.integers(seeds, size=seeds), generator.integers(targets, size=targets))
        found = rank_correlations(first[drawn], second[drawn])
        if not np.isnan(found).any():
            means.append(float(found.mean()))
    if not means:
        return np.nan, np.nan
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
