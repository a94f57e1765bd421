"""The rule that judges claims, on constructed effects and in simulated worlds."""

import math

import numpy as np
import pytest
from scipy import stats

from repdrift.claims.contrasts import ALL, ANY, MEAN
from repdrift.claims.doubt import doubt
from repdrift.claims.estimates import estimate
from repdrift.claims.rule import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED
from repdrift.claims.verdict import Judged, holm, judge, power, seeds_needed, together

MARGIN = 0.01
SPREAD = np.array([-1.5, -0.5, 0.5, 1.5]) / np.std([-1.5, -0.5, 0.5, 1.5], ddof=1)  # four seeds, standard deviation 1


def one(effect, deviation, *, equal=False, margin=MARGIN):
    """Return a contrast over four seeds with this mean and standard deviation."""
    return Judged(estimate(effect + deviation * SPREAD), margin, equal)


def verdict(effect, deviation, *, equal=False, needs=ALL):
    (found,) = judge([one(effect, deviation, equal=equal)], needs)
    return found.verdict


@pytest.mark.parametrize("needs", [ALL, ANY, MEAN])
def test_an_effect_beyond_its_error_and_margin_is_decided(needs):
    assert verdict(0.05, 0.01, needs=needs) == SUPPORTED
    assert verdict(-0.05, 0.01, needs=needs) == CONTRADICTED


def test_an_effect_within_its_error_is_undecided():
    assert verdict(0.05, 0.05) == UNDECIDED
    assert verdict(-0.05, 0.05) == UNDECIDED
    assert verdict(0.0, 0.05) == UNDECIDED


@pytest.mark.parametrize("effect", [0.001, -0.001, 0.0, 0.005, -0.005])
def test_an_interval_within_the_margin_is_negligible_though_it_may_leave_out_0(effect):
    assert verdict(effect, 0.0004) == NEGLIGIBLE


@pytest.mark.parametrize("sign", [1, -1])
def test_an_effect_smaller_than_the_margin_decides_nothing_if_it_may_be_larger(sign):
    # The interval is [0.0017, 0.0143], which leaves out 0 and reaches beyond the margin.
    assert verdict(sign * 0.008, 0.004) == UNDECIDED


def test_equality_is_supported_within_the_margin_and_contradicted_beyond_it():
    assert verdict(0.001, 0.002, equal=True) == SUPPORTED
    assert verdict(0.05, 0.01, equal=True) == CONTRADICTED
    assert verdict(-0.05, 0.01, equal=True) == CONTRADICTED
    assert verdict(0.012, 0.002, equal=True) == UNDECIDED


def test_without_variance_the_effect_alone_decides():
    assert [verdict(effect, 0.0) for effect in (0.25, -0.25, 0.0, 0.005)] == [
        SUPPORTED, CONTRADICTED, NEGLIGIBLE, NEGLIGIBLE,
    ]  # fmt: skip


def test_a_contradiction_is_corrected_for_the_number_of_contrasts():
    alone = one(-0.05, 0.02)
    assert alone.p_contradiction == pytest.approx(
        stats.ttest_1samp(-0.05 + 0.02 * SPREAD, 0, alternative="less").pvalue
    )
    assert judge([alone], ALL)[0].verdict == CONTRADICTED
    undecided = [one(0.0, 0.02)] * 4
    assert judge([alone, *undecided], ALL)[0].verdict == UNDECIDED
    # A claim that needs any of its contrasts is only contradicted if all are, which needs no correction.
    assert judge([alone, *undecided], ANY)[0].verdict == CONTRADICTED


def test_a_support_is_corrected_only_if_any_contrast_suffices():
    alone = one(0.05, 0.02)
    others = [one(0.0, 0.02)] * 4
    assert judge([alone, *others], ALL)[0].verdict == SUPPORTED
    assert judge([alone, *others], ANY)[0].verdict == UNDECIDED


def test_holm_equals_the_definition():
    p_values = [0.04, 0.001, 0.03, 0.5, 0.01]
    ordered = sorted(p_values)
    # Holm (1979): the k-th smallest of m is compared with the level divided by m - k + 1.
    for level in np.linspace(0.001, 0.999, 500):
        rejected = 0
        while rejected < 5 and ordered[rejected] <= level / (5 - rejected):
            rejected += 1
        expected = set(ordered[:rejected])
        assert {p for p, adjusted in zip(p_values, holm(p_values), strict=True) if adjusted <= level} == expected


def test_an_undefined_contrast_does_not_weaken_the_correction_of_others():
    undefined = Judged(estimate([math.nan, 1, 1, 1]), MARGIN, equal=False)
    found = judge([undefined, one(-0.05, 0.01)], ALL)
    assert [each.verdict for each in found] == [UNDECIDED, CONTRADICTED]
    assert found[0].reason == "undefined for 1 of 4 seeds"


def test_contrasts_are_sorted_by_p_values_and_then_by_effects():
    above_0 = [(0.01, 0.1), (0.2, 0.5), (math.nan, 0.5), (1.0, 0.1), (math.nan, -0.1), (math.nan, math.nan)]
    mixed = [above_0[place] for place in (3, 5, 0, 4, 2, 1)]
    assert sorted(mixed, key=lambda one: doubt(*one, equal=False)) == above_0
    equal = [(math.nan, -0.1), (0.01, 0.1), (math.nan, 0.05)]
    assert sorted(equal, key=lambda one: doubt(*one, equal=True)) == [(0.01, 0.1), (math.nan, 0.05), (math.nan, -0.1)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_seeds_are_said(count):
    (found,) = judge([Judged(estimate([0.5, 0.6, 0.7][:count]), MARGIN, equal=False)], ALL)
    assert found.verdict == UNDECIDED
    if count == 1:
        assert found.reason == "1 seed, at least 4 are needed"
    else:
        assert f"{count} seeds, " in found.reason and found.reason.endswith(" are needed for an effect of 0.02")


def test_the_number_of_seeds_that_is_asked_for_finds_the_effect():
    judged = one(0.0, 0.02)
    count = seeds_needed(judged, 0.02)
    random = np.random.default_rng(1)

    def found(seeds):
        values = 0.02 + 0.02 * random.normal(size=(2000, seeds))
        return np.mean(
            [judge([Judged(estimate(row), MARGIN, equal=False)], ALL)[0].verdict == SUPPORTED for row in values]
        )

    assert found(count) == pytest.approx(0.8, abs=0.05)
    assert found(count - 1) < 0.8
    assert power(judged, 0.02, 0.02, count) >= 0.8 > power(judged, 0.02, 0.02, count - 1)


def test_an_undecided_effect_says_how_many_seeds_it_needs():
    (found,) = judge([one(0.015, 0.02)], ALL)
    needed = seeds_needed(found, 0.02)
    assert (
        found.reason == f"the effect is +0.015 [-0.0168, +0.0468]: 4 seeds, {needed} are needed for an effect of 0.02"
    )


def test_an_effect_that_no_study_would_find_is_said():
    (found,) = judge([one(0.1, 10.0)], ALL)
    assert found.reason.endswith("4 seeds, over 1,000 are needed for an effect of 0.02")


@pytest.mark.parametrize(
    ("verdicts", "of_all", "of_any"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED, SUPPORTED),
        ([SUPPORTED, UNDECIDED], UNDECIDED, SUPPORTED),
        ([SUPPORTED, NEGLIGIBLE], NEGLIGIBLE, SUPPORTED),
        ([SUPPORTED, UNDECIDED, CONTRADICTED], CONTRADICTED, SUPPORTED),
        ([NEGLIGIBLE, CONTRADICTED], CONTRADICTED, NEGLIGIBLE),
        ([CONTRADICTED, CONTRADICTED], CONTRADICTED, CONTRADICTED),
        ([NEGLIGIBLE, UNDECIDED], UNDECIDED, UNDECIDED),
        ([], UNDECIDED, UNDECIDED),
    ],
)
def test_a_claim_needs_all_or_any_of_its_contrasts(verdicts, of_all, of_any):
    assert (together(verdicts, ALL), together(verdicts, ANY)) == (of_all, of_any)


@pytest.mark.parametrize("contrasts", [1, 4, 20])
def test_without_an_effect_hardly_anything_is_decided(contrasts):
    random = np.random.default_rng(2)
    # Half of the variance is shared by the contrasts of a claim.
    shared, own = random.normal(size=(1000, 4, 1)), random.normal(size=(1000, 4, contrasts))
    verdicts = []
    for world in (shared + own) * 0.05:
        judged = judge([Judged(estimate(column), MARGIN, equal=False) for column in world.T], ALL)
        verdicts.append(together([each.verdict for each in judged], ALL))
    assert np.mean([found == CONTRADICTED for found in verdicts]) <= 0.025 + 0.015
    assert np.mean([found == SUPPORTED for found in verdicts]) <= 0.025 + 0.015
