"""The rule on every claim of every paper, in simulated worlds; tests.benchmarks.error_rates has more draws."""

import numpy as np
import pytest
from tests.benchmarks.error_rates import (
    Noise,
    assumed_noise,
    common_part,
    rates,
    smallest_found,
    without_contradiction,
    without_support,
    worlds,
)

from repdrift.claims import measurements
from repdrift.claims.contrasts import ALL, ANY, OURS, Claim, contrast
from repdrift.claims.rule import CONTRADICTED, NEGLIGIBLE, SUPPORTED
from repdrift.claims.scales import CKA
from repdrift.plan.plan import Plan
from repdrift.study.config import complete

CLAIMS = [claim for claims in Plan(complete({})).claims.values() for claim in claims]
DRAWS, SEEDS = 100, 4


def deciding(claim):
    return [one for one in claim.contrasts if one.decides]


def noise(claim, scale):
    """Return noise whose standard deviation is `scale` margins."""
    found = assumed_noise(len(deciding(claim)))
    return Noise(found.seeds * scale, found.probes, measured=False)


@pytest.fixture(params=CLAIMS, ids=[claim.name for claim in CLAIMS])
def claim(request):
    return request.param


def test_every_claim_has_contrasts_that_decide(claim):
    assert deciding(claim)


def test_where_the_paper_is_right_it_is_supported(claim):
    assert rates(claim, worlds(claim)["right"], noise(claim, 0.05), SEEDS, 20)[SUPPORTED] == 1


def test_where_the_opposite_is_true_it_is_contradicted(claim):
    assert rates(claim, worlds(claim)["opposite"], noise(claim, 0.05), SEEDS, 20)[CONTRADICTED] == 1


def test_effects_within_the_margins_are_negligible(claim):
    found = rates(claim, worlds(claim)["within"], noise(claim, 0.05), SEEDS, 20)
    if all(one.scale.margin == 0 for one in deciding(claim)):  # N9, whose margin is part of its contrast
        assert found[NEGLIGIBLE] == found[CONTRADICTED] == 0
        return
    # What says that two numbers are equal is right then.
    expected = SUPPORTED if all(one.equal for one in deciding(claim)) else NEGLIGIBLE
    if claim.needs == ANY and any(one.equal for one in deciding(claim)):
        expected = SUPPORTED
    assert found[expected] == 1


@pytest.mark.parametrize("scale", [0.3, 1, 5])
def test_wrong_verdicts_are_rare(claim, scale):
    """At most 2.5 % are expected of each kind. Of 100 draws, more than 9 are then one in 2,000."""
    for name, effects in worlds(claim).items():
        found = rates(claim, effects, noise(claim, scale), SEEDS, DRAWS)
        if name in without_support(claim):
            assert found[SUPPORTED] <= 0.09, name
        if name in without_contradiction(claim):
            assert found[CONTRADICTED] <= 0.09, name


def test_assumed_noise_has_the_covariance_that_is_said():
    found = assumed_noise(3)
    random = np.random.default_rng(1)
    values, _ = found.draw(20000, random)
    np.testing.assert_allclose(np.cov(values.T), 0.5 * np.eye(3) + 0.5, atol=0.03)


def test_noise_of_probes_is_shared_by_the_seeds():
    random = np.random.default_rng(2)
    probes = random.normal(size=(200, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    found = Noise(np.zeros((4, 2)), probes - probes.mean(axis=0), measured=True)
    drawn = [found.draw(3, random) for _ in range(4000)]
    values = np.stack([value for value, _ in drawn])
    assert np.ptp(values, axis=1).max() < 1e-12
    np.testing.assert_allclose(np.cov(values[:, 0].T), np.cov(probes.T), atol=0.1)
    resampled = drawn[0][1]
    assert resampled.shape == (3, 200, 2)
    np.testing.assert_allclose(np.cov(resampled[0].T), np.cov(probes.T), atol=0.35)


def test_what_probes_change_in_all_seeds_is_their_mean():
    replicates = np.array([[1.0, 3.0], [2.0, 4.0], [3.0, 8.0]])
    assert common_part(replicates).tolist() == pytest.approx([-1.5, 1.5])


def test_more_seeds_find_smaller_effects():
    claim = Claim("X", "", "", "", (contrast("", "similarity", {("a",): 1.0}, CKA),), ALL, OURS)
    found = [smallest_found(claim, noise(claim, 2), seeds, 300) for seeds in (4, 10)]
    # By the noncentral t distribution, 4 seeds find 2.0 standard deviations and 10 find 1.0 (two-sided level of 5 %).
    assert found == pytest.approx([2 * 2.0, 2 * 1.0], rel=0.15)
    assert measurements.values(claim.contrasts[0], {}) is None
