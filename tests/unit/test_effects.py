"""Effects of contrasts and their intervals, over seeds and probe images."""

import math

import numpy as np
import pytest
from scipy import stats

from repdrift.claims.estimates import estimate, satterthwaite, shared_variance


def test_over_seeds_the_interval_is_that_of_students_t():
    values = [0.3, 0.1, 0.2, 0.5]
    found = estimate(values)
    expected = stats.ttest_1samp(values, 0)
    interval = expected.confidence_interval(0.95)
    assert (found.effect, found.seeds, found.freedom) == (pytest.approx(0.275), 4, 3)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p_above(0) == pytest.approx(stats.ttest_1samp(values, 0, alternative="greater").pvalue)
    assert found.p_below(0.3) == pytest.approx(stats.ttest_1samp(values, 0.3, alternative="less").pvalue)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_undefined_value_is_never_left_out_in_silence(bad):
    found = estimate([0.1, bad, 0.1, 0.1])
    assert (found.undefined, found.seeds) == (1, 4)
    assert math.isnan(found.effect) and math.isnan(found.low)


def test_one_seed_has_an_effect_without_an_interval():
    found = estimate([0.1])
    assert found.effect == 0.1
    assert math.isnan(found.error) and math.isnan(found.high) and math.isnan(found.p_above(0))


def test_equal_values_have_no_error():
    found = estimate([0.25] * 4)
    assert (found.low, found.high, found.p_above(0), found.p_below(0)) == (0.25, 0.25, 0, 1)


def test_the_variance_that_seeds_share_is_their_mean_covariance():
    random = np.random.default_rng(0)
    resampled = random.normal(size=(3, 50))
    pairs = [np.cov(resampled[a], resampled[b])[0, 1] for a, b in [(0, 1), (0, 2), (1, 2)]]
    assert shared_variance(resampled + random.normal(size=50)) > 0.3
    assert shared_variance(resampled) == pytest.approx(max(0, np.mean(pairs)))


def test_the_degrees_of_freedom_are_satterthwaites():
    # For two samples of equal size and variance they are those of Welch's test: 2 (n - 1).
    assert satterthwaite([(1.0, 4), (1.0, 4)]) == 8
    assert satterthwaite([(2.0, 4), (0.0, 100)]) == 4
    assert satterthwaite([(0.0, 4), (0.0, 100)]) == 4


def world(random, seeds, between, probes, interaction):
    """Return the values of some seeds on a probe, and on resampled probes. The true effect is 0."""
    seed = random.normal(0, between, size=(seeds, 1))

    def probe(count):
        return random.normal(0, probes, size=(1, count)) + random.normal(0, interaction, size=(seeds, count))

    first = probe(1)
    return (seed + first)[:, 0], seed + first + probe(200)


@pytest.mark.parametrize("seeds", [4, 6, 10])
@pytest.mark.parametrize(
    ("between", "probes", "interaction"), [(1, 0, 0), (1, 0.5, 0), (1, 1, 0.5), (0.5, 1, 0.5), (0.1, 1, 0.1)]
)
def test_the_intervals_cover(seeds, between, probes, interaction):
    random = np.random.default_rng(3)
    draws = 2000
    covered = 0
    for _ in range(draws):
        found = estimate(*world(random, seeds, between, probes, interaction))
        covered += found.low <= 0 <= found.high
    share, error = covered / draws, math.sqrt(0.95 * 0.05 / draws)
    assert 0.93 - 2 * error <= share <= 0.97 + 2 * error, share


def test_without_resampled_probes_the_intervals_do_not_cover():
    random = np.random.default_rng(4)
    found = [estimate(world(random, 6, 0.5, 1, 0.5)[0]) for _ in range(1000)]
    assert np.mean([one.low <= 0 <= one.high for one in found]) < 0.7
