"""The rule that judges claims, on constructed differences."""

import math

import numpy as np
import pytest
from scipy import stats

from repdrift.claims.verdict import CONTRADICTED, INCONCLUSIVE, SUPPORTED, judge, together


def test_an_effect_that_is_there():
    found = judge([0.1, 0.12, 0.09, 0.11, 0.1])
    assert (found.verdict, found.reason, found.positive, found.seeds) == (SUPPORTED, "", 5, 5)
    assert found.mean == pytest.approx(0.104)
    assert found.error == pytest.approx(np.std([0.1, 0.12, 0.09, 0.11, 0.1], ddof=1) / math.sqrt(5))


def test_the_interval_is_that_of_students_t():
    values = [0.3, 0.1, 0.2, 0.5]
    found = judge(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_the_opposite():
    found = judge([-0.1, -0.12, -0.09, -0.11])
    assert found.verdict == CONTRADICTED
    assert found.reason == "the opposite sign in 4 of 4 seeds"


def test_none():
    found = judge([0.1, -0.12, 0.09, -0.11, 0.02])
    assert found.verdict == INCONCLUSIVE
    assert found.reason == "the mean is within 2 standard errors"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.2, 0.2, 0.2, 0.2, -0.01], SUPPORTED),  # 4 of 5 are enough
        ([0.2, 0.2, 0.2, -0.01], INCONCLUSIVE),  # 3 of 4 are not, though the mean is beyond 2 standard errors
        ([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, -0.01, -0.01, -0.01], INCONCLUSIVE),  # 6 of 9
        ([10.0, 0.01, 0.01, 0.01, 0.01], INCONCLUSIVE),  # one seed alone
    ],
)
def test_sign_and_size_are_both_needed(values, verdict):
    assert judge(values).verdict == verdict
    opposite = {SUPPORTED: CONTRADICTED, INCONCLUSIVE: INCONCLUSIVE}[verdict]
    assert judge([-value for value in values]).verdict == opposite


def test_the_sign_of_too_few_is_said():
    assert judge([0.2, 0.2, 0.2, -0.01]).reason == "the sign is that of the mean in 3 of 4 seeds only"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_seeds(count):
    found = judge([0.5] * count)
    assert found.verdict == INCONCLUSIVE
    assert found.reason == f"too few seeds: {count}, and 4 are needed"
    assert found.mean == 0.5
    assert math.isnan(found.error) == (count == 1)


def test_a_tie():
    found = judge([0.0, 0.0, 0.0, 0.0])
    assert (found.verdict, found.reason) == (INCONCLUSIVE, "no difference")


def test_equal_differences_have_no_error_and_count():
    assert judge([0.25, 0.25, 0.25, 0.25]).verdict == SUPPORTED


def test_nan_is_never_left_out_in_silence():
    found = judge([0.1, 0.1, math.nan, 0.1, 0.1])
    assert (found.verdict, found.reason) == (INCONCLUSIVE, "undefined for 1 of 5 seeds")
    assert math.isnan(found.mean)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED),
        ([SUPPORTED, INCONCLUSIVE], INCONCLUSIVE),
        ([SUPPORTED, INCONCLUSIVE, CONTRADICTED], CONTRADICTED),
        ([], INCONCLUSIVE),
    ],
)
def test_a_claim_needs_all_its_contrasts(parts, whole):
    assert together(parts) == whole
