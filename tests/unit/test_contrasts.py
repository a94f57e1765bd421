"""Contrasts of claims: their weights, their layers, and the comparisons that they refuse."""

import pytest

from repdrift.claims.contrasts import HISTORY, Claim, Table, contrast, difference, history_runs, over_targets, trend

FIRST, SECOND, THIRD = (("run", "init", layer) for layer in ("pool1", "pool2", "pool3"))


def test_a_difference_is_of_the_layer_of_its_second_number():
    found = difference("a less b", FIRST, SECOND)
    assert found.by_key == {FIRST: 1, SECOND: -1}
    assert found.layer == "pool2"
    # Histories have no layers.
    assert difference("", ("a", "test_accuracy", "last"), ("b", "test_accuracy", "last"), table=HISTORY).layer == ""


def test_a_trend_over_two_numbers_is_their_difference_and_over_one_there_is_none():
    (found,) = trend("d = 0 to 9", [FIRST, SECOND], -1)
    assert found.by_key == {FIRST: 1, SECOND: -1}
    assert found.layer == "pool1"
    assert list(trend("d = 0", [FIRST], -1)) == list(trend("", [], -1)) == []


def test_a_number_is_not_compared_with_itself():
    with pytest.raises(ValueError, match=r"a less a: .*pool1.* is compared with itself"):
        difference("a less a", FIRST, FIRST)
    with pytest.raises(ValueError, match="N = 1 to 3: a number stands twice"):
        list(trend("N = 1 to 3", [FIRST, THIRD, FIRST], 1))


def test_the_mean_over_targets_decides_and_each_target_does_not():
    mean, *each = over_targets("gain", "on average", "head2toe", {"A": {FIRST: 1.0}, "B": {SECOND: -2.0}}, 0.5)
    assert (mean.label, mean.layer, mean.decides) == ("gain, on average", "", True)
    assert mean.by_key == {FIRST: 0.5, SECOND: -1}
    assert [(one.label, one.layer, one.decides, one.by_key) for one in each] == [
        ("gain", "A", False, {FIRST: 1}),
        ("gain", "B", False, {SECOND: -2}),
    ]
    assert {one.constant for one in (mean, *each)} == {0.5}
    assert list(over_targets("gain", "on average", "head2toe", {})) == []


def test_the_runs_of_histories_are_named_once_and_in_order():
    def of(table, *runs):
        return contrast("", table, {(run, "test_accuracy", "last"): 1.0 for run in runs})

    claims = [Claim("X", "", "", "", (of(HISTORY, "b", "a"), of("similarity", "c"))), Claim("Y", "", "", "", ())]
    claims.append(Claim("Z", "", "", "", (of(HISTORY, "a", "d"),)))
    assert history_runs(claims) == ["b", "a", "d"]


def test_a_key_has_every_column_of_its_table():
    table = Table("barriers", ("dataset", "pair", "at"))
    assert table.key(at="0.5", dataset="svhn") == ("svhn", "", "0.5")
    assert table.written == ("dataset", "seed", "pair", "at", "value")
    with pytest.raises(ValueError, match="the table barriers has no column pairs"):
        table.key(dataset="svhn", pairs="P-T & P-T")
