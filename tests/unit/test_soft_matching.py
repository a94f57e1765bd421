"""Soft matching against brute force over matchings, over transport plans, and over copies of units."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from repdrift.errors import UserError
from repdrift.similarity.compact import gram_of
from repdrift.similarity.soft_matching import UNITS, SoftMatching

RNG = np.random.default_rng(0)


def soft(x, y):
    return SoftMatching().compare(*(SoftMatching().prepare(torch.from_numpy(side)) for side in (x, y)))


def sides(p, q, images=30):
    x = RNG.normal(size=(images, p))
    return x, np.maximum(x @ RNG.normal(size=(p, q)) + RNG.normal(size=(images, q)), 0)


def correlations(x, y):
    return np.corrcoef(x.T, y.T)[: x.shape[1], x.shape[1] :]


def test_of_equal_widths_is_the_best_of_all_one_to_one_matchings():
    x, y = sides(6, 6)
    found = correlations(x, y)
    best = max(np.mean([found[unit, other] for unit, other in enumerate(order)]) for order in permutations(range(6)))
    assert soft(x, y) == pytest.approx(best, abs=1e-12)
    assert soft(x, y) == pytest.approx(found[linear_sum_assignment(-found)].mean(), abs=1e-12)


@pytest.mark.parametrize(("p", "q"), [(1, 5), (2, 3), (4, 6), (7, 5), (12, 8)])
def test_of_unequal_widths_is_the_best_matching_of_copies_of_the_units(p, q):
    """A transport plan between p and q units is a one-to-one matching of q copies of each with p copies of each."""
    x, y = sides(p, q)
    copied = np.repeat(np.repeat(correlations(x, y), q, axis=0), p, axis=1)
    expected = copied[linear_sum_assignment(copied, maximize=True)].mean()
    assert soft(x, y) == pytest.approx(expected, abs=1e-9)
    assert soft(y, x) == pytest.approx(expected, abs=1e-9)


def test_one_unit_is_matched_with_the_mean_of_all():
    x, y = sides(1, 9)
    assert soft(x, y) == pytest.approx(correlations(x, y).mean(), abs=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e8])
def test_a_copy_with_the_units_in_another_order_has_1(scale):
    x, _ = sides(40, 1)
    moved = x[:, RNG.permutation(40)] * RNG.uniform(0.1, 10, 40) * scale + RNG.normal(size=40)
    assert soft(x, moved) == pytest.approx(1, abs=1e-9)


def test_a_rotated_copy_has_less():
    x, _ = sides(20, 1)
    assert soft(x, x @ np.linalg.qr(RNG.normal(size=(20, 20)))[0]) < 0.9


def test_a_unit_that_is_opposite_is_not_matched_as_if_it_were_equal():
    x, _ = sides(1, 1)
    assert soft(x, -x) == pytest.approx(-1)


def test_constant_units_have_the_correlation_0_with_every_unit():
    x, _ = sides(8, 1)
    dead = np.concatenate([x, np.full((30, 2), 0.1)], axis=1)
    assert soft(dead, dead) == pytest.approx(8 / 10)
    assert np.isfinite(soft(dead, x))
    with pytest.raises(UserError, match="same for all images"):
        SoftMatching().prepare(torch.full((30, 4), 0.1))


def test_what_it_cannot_take_is_told_with_the_remedy():
    x = torch.from_numpy(RNG.normal(size=(30, UNITS + 1)))
    for given, named in ((x, r"up to 2,048 units, not 2,049.*reduce: mean"), (gram_of(x[:, :99]), "reduce: mean")):
        with pytest.raises(UserError, match=named):
            SoftMatching().prepare(given)
