"""Contrasts of claims: their weights, their layers, and the comparisons that they refuse."""

import pytest

from repdrift.claims.contrasts import (
    ALL,
    HISTORY,
    MEAN,
    OURS,
    Claim,
    Sentence,
    Table,
    claims_of,
    contrast,
    difference,
    fitted_change,
    history_runs,
    mean_of,
    trend,
    weighted,
)
from repdrift.claims.scales import CKA, POINTS

FIRST, SECOND, THIRD = (("run", "init", layer, "source") for layer in ("pool1", "pool2", "pool3"))


def test_a_difference_is_of_the_first_number_less_the_second():
    found = difference("a less b", FIRST, SECOND, CKA, layer="pool2")
    assert found.by_key == {FIRST: 1, SECOND: -1}
    assert (found.layer, found.scale, found.decides) == ("pool2", CKA, True)


def test_a_trend_over_two_numbers_is_their_difference_and_over_one_there_is_none():
    assert trend([FIRST, SECOND], -1) == {FIRST: 1, SECOND: -1}
    assert trend([FIRST], -1) == trend([], -1) == {}


def test_a_trend_is_the_change_of_the_fitted_line_from_first_to_last():
    assert fitted_change(3) == pytest.approx([-1, 0, 1])
    # The slope of a line through k points at ranks 0 to k - 1 is sum (rank - centre) y / sum (rank - centre)^2.
    assert fitted_change(4) == pytest.approx([3 * weight / 5 for weight in (-1.5, -0.5, 0.5, 1.5)])
    assert sum(weight * (7 + 2 * rank) for rank, weight in enumerate(fitted_change(6))) == pytest.approx(2 * 5)


def test_a_number_is_not_compared_with_itself():
    with pytest.raises(ValueError, match=r"a less a: .*pool1.* is compared with itself"):
        difference("a less a", FIRST, FIRST, CKA)
    with pytest.raises(ValueError, match="a number stands twice"):
        trend([FIRST, THIRD, FIRST], 1)


def test_the_mean_over_parts_decides_and_each_part_does_not():
    mean, *each = mean_of(
        "gain", "on average", "head2toe", {"A": {FIRST: 1.0}, "B": {SECOND: -2.0}}, POINTS, constant=0.5
    )
    assert (mean.label, mean.layer, mean.decides) == ("gain, on average", "", True)
    assert mean.by_key == {FIRST: 0.5, SECOND: -1}
    assert [(one.label, one.layer, one.decides, one.by_key) for one in each] == [
        ("gain", "A", False, {FIRST: 1}),
        ("gain", "B", False, {SECOND: -2}),
    ]
    assert {one.constant for one in (mean, *each)} == {0.5}
    assert list(mean_of("gain", "on average", "head2toe", {}, POINTS)) == []


def test_a_single_part_is_the_mean():
    (only,) = mean_of("gain", "on average", "head2toe", {"A": {FIRST: 1.0}}, POINTS)
    assert (only.label, only.layer, only.decides) == ("gain", "A", True)


def test_weights_of_a_number_that_parts_share_add_up():
    assert weighted((0.5, {FIRST: 1.0, SECOND: -1.0}), (2.0, {FIRST: 1.0})) == {FIRST: 2.5, SECOND: -0.5}


def of(table, *runs, decides=True):
    return contrast("", table, {(run, "test_accuracy", "last"): 1.0 for run in runs}, POINTS, decides=decides)


def test_the_runs_of_histories_are_named_once_and_in_order():
    def claim(*contrasts):
        return Claim("X", "", "", "", contrasts, ALL, OURS)

    claims = [claim(of(HISTORY, "b", "a"), of("similarity", "c")), claim(), claim(of(HISTORY, "a", "d"))]
    assert history_runs(claims) == ["b", "a", "d"]


def test_a_sentence_becomes_a_claim_with_the_contrasts_that_are_possible():
    sentence = Sentence("X", "words", "place", "figure", iter, MEAN, OURS)
    both = (of(HISTORY, "a"), of(HISTORY, "b", decides=False))
    (found,) = claims_of([sentence], both, has=lambda one: ("b", "test_accuracy", "last") not in one.by_key)
    assert (found.name, found.sentence, found.needs, found.origin, found.contrasts) == (
        "X",
        "words",
        MEAN,
        OURS,
        both[:1],
    )


def test_the_mean_of_a_claim_is_one_contrast():
    sentence = Sentence("X", "words", "place", "figure", iter, MEAN)
    with pytest.raises(ValueError, match="X needs the mean of its contrasts, so only one contrast may decide"):
        claims_of([sentence], (of(HISTORY, "a"), of(HISTORY, "b")))


def test_a_key_has_every_column_of_its_table():
    table = Table("barriers", ("dataset", "pair", "at"))
    assert table.key(at="0.5", dataset="svhn") == ("svhn", "", "0.5")
    assert table.written == ("dataset", "seed", "pair", "at", "value")
    with pytest.raises(ValueError, match="the table barriers has no column pairs"):
        table.key(dataset="svhn", pairs="P-T & P-T")
