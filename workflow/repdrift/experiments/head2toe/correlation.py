"""Rank correlations over few targets, for each seed, with an interval over targets and seeds."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from repdrift.claims.rule import CONFIDENCE

Values = NDArray[np.float64]

REPLICATES = 2000


def rank_correlations(first: Values, second: Values) -> Values:
    """Return Spearman's rank correlation over the targets of two arrays [..., targets].

    It is NaN where a value is NaN or all values are equal.
    """
    one, two = (_centred_ranks(values) for values in (first, second))
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    known = np.isfinite(first).all(-1) & np.isfinite(second).all(-1) & (norms > 0)
    found = np.full(norms.shape, np.nan)
    found[known] = (one * two).sum(-1)[known] / norms[known]
    return found


def _centred_ranks(values: Values) -> Values:
    ranks = np.asarray(stats.rankdata(values, axis=-1), dtype=np.float64)
    return np.asarray(ranks - ranks.mean(-1, keepdims=True))


def interval(first: Values, second: Values) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean rank correlation, from a bootstrap of targets and seeds.

    The targets and the seeds of two arrays [seeds, targets] are drawn with replacement, 2,000 times. Draws in which the
    correlation is undefined, such as those of a single target, are left out. With few targets the interval is rough: it
    tells what other targets of the same kinds could give. It is NaN if there is no draw left.
    """
    generator = np.random.default_rng(0)
    count, targets = first.shape
    seeds = generator.integers(count, size=(REPLICATES, count, 1))
    drawn = generator.integers(targets, size=(REPLICATES, 1, targets))
    means = rank_correlations(first[seeds, drawn], second[seeds, drawn]).mean(-1)
    known = means[np.isfinite(means)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
