"""What every similarity has to obey, on representations that hypothesis chooses: the same ones in every run."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.benchmarks.reference import cka_matrix

from repdrift.similarity import linear_cka, linear_cka_matrix
from repdrift.similarity.registry import ESTIMATORS, estimator

# What does not hold for an estimator, by its definition; test_estimators.py has what holds instead.
CORRELATION_DISTANCE = {"rsa-pearson", "rsa-spearman"}  # of each image over the units: neither rotation nor offset
NARROW_ONLY = {"svcca", "pwcca"}
ONE_SIDED = {"pwcca"}
BATCHED = {"minibatch-cka"}
FOLDED = {"linear-predictivity"}  # the order of the images gives the folds; it is below 1 also of a layer with itself
MATCHED = {"soft-matching"}  # it sees units, which a rotation mixes
ORDINAL = {"rsa-spearman", "neighbours"}  # ties are told from rounding by a grid, which rounding can cross
DEBIASED = {"cka-debiased", "rbf-cka-debiased", "minibatch-cka"}

FEW, MANY = 14, 72  # images: more than the neighbours counted, and more than a minibatch
# Units of CCA. With p + q > n several canonical correlations are 1, and the weights of PWCCA are then not defined; n is
# at least three times as many, for a quarter of the images may be there twice.
NARROW = 12


@dataclass(frozen=True)
class Case:
    """Two related representations of n images, p and q units, and a generator for whatever is done to them."""

    n: int
    p: int
    q: int
    seed: int
    rectified: bool
    rng: np.random.Generator

    def sides(self):
        common = self.rng.normal(size=(self.n, 4))
        return tuple(self._side(common, units) for units in (self.p, self.q))

    def _side(self, common, units):
        values = common @ self.rng.normal(size=(4, units)) + self.rng.normal(size=(self.n, units))
        # Not at 0, where an image of few units could have nothing but zeros, which has no correlation distance.
        return np.maximum(values, -1.5) if self.rectified else values


def cases(name=None, **fixed):
    """Cases that an estimator takes: CCA needs more images than units, correlation distance more than two units.

    With few rectified units some images are equal, and which of two equal neighbours is nearer depends on their order.
    """
    least = 8 if name in CORRELATION_DISTANCE | ORDINAL else 1
    most = NARROW if name in NARROW_ONLY else MANY + 8
    chosen = {
        "n": st.integers(3 * NARROW if name in NARROW_ONLY else FEW, MANY),
        "p": st.integers(least, most),
        "q": st.integers(least, most),
        "seed": st.integers(0, 2**32 - 1),
        "rectified": st.booleans(),
        **fixed,
    }
    return st.builds(lambda **drawn: Case(**drawn, rng=np.random.default_rng(drawn["seed"])), **chosen)


bounded = settings(max_examples=25, deadline=None, derandomize=True)
SIDES = st.sampled_from(["first", "second", "both"])
EXPONENTS = st.floats(-6, 6)


def every(*left_out):
    return pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in set().union(*left_out)])


def similarity(name, x, y):
    method = estimator(name)
    return method.compare(*(method.prepare(torch.from_numpy(side)) for side in (x, y)))


def rotation(rng, units):
    return np.linalg.qr(rng.normal(size=(units, units)))[0]


def data(strategy_of):
    """Give the test a case for its estimator: a strategy that depends on a parameter of the test."""

    def decorate(test):
        @bounded
        @given(st.data())
        def run(name, data):
            test(name, data.draw(strategy_of(name)), data)

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate


@every(FOLDED)
@data(cases)
def test_of_a_representation_with_itself_is_1(name, case, _):
    x, _ = case.sides()
    assert similarity(name, x, x) == pytest.approx(1, abs=1e-11)


@every()
@data(cases)
def test_is_at_most_1(name, case, _):
    assert -1 - 1e-11 <= similarity(name, *case.sides()) <= 1 + 1e-11


@every(ONE_SIDED)
@data(cases)
def test_is_symmetric(name, case, _):
    x, y = case.sides()
    assert similarity(name, x, y) == pytest.approx(similarity(name, y, x), abs=1e-11)


@every(CORRELATION_DISTANCE, MATCHED)
@data(cases)
def test_ignores_rotations(name, case, data):
    x, y = case.sides()
    side = "second" if name in ONE_SIDED else data.draw(SIDES)
    turned_x = x if side == "second" else x @ rotation(case.rng, case.p)
    turned_y = y if side == "first" else y @ rotation(case.rng, case.q)
    assert similarity(name, turned_x, turned_y) == pytest.approx(similarity(name, x, y), abs=1e-9)


@every()
@data(cases)
def test_ignores_isotropic_scale(name, case, data):
    x, y = case.sides()
    scales = [10 ** data.draw(EXPONENTS) for _ in range(2)]
    assert similarity(name, scales[0] * x, scales[1] * y) == pytest.approx(similarity(name, x, y), abs=1e-9)


@every(BATCHED, FOLDED)
@data(cases)
def test_ignores_a_permutation_of_the_images_of_both(name, case, _):
    x, y = case.sides()
    order = case.rng.permutation(case.n)
    assert similarity(name, x[order], y[order]) == pytest.approx(similarity(name, x, y), abs=1e-9)


@bounded
@given(cases(n=st.integers(FEW, 64)))
def test_in_one_batch_minibatch_cka_ignores_it_too(case):
    x, y = case.sides()
    order = case.rng.permutation(case.n)
    expected = similarity("minibatch-cka", x, y)
    assert similarity("minibatch-cka", x[order], y[order]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", sorted(DEBIASED))
@bounded
@given(case=cases(n=st.sampled_from([64, 128]), p=st.integers(10, 300), q=st.integers(10, 300)))
def test_debiased_is_near_0_for_noise(name, case):
    """Its standard deviation is sqrt(2) / n for white noise."""
    x, y = case.rng.normal(size=(case.n, case.p)), case.rng.normal(size=(case.n, case.q))
    assert similarity(name, x, y) == pytest.approx(0, abs=5 * np.sqrt(2) / 64)


@every(CORRELATION_DISTANCE)
@data(cases)
def test_a_large_offset_costs_float32_no_digits(name, case, data):
    """Up to 1000 standard deviations, of each unit its own: the same as of the float32 values centred exactly."""
    x, y = (side.astype(np.float32) for side in case.sides())
    offset = data.draw(st.floats(1, 1e3)) * x.std() * case.rng.choice([-1, 1], size=case.p)
    moved = (x + offset).astype(np.float32)
    exact = moved.astype(np.float64) - moved.astype(np.float64).mean(axis=0)
    assert similarity(name, moved, y) == pytest.approx(similarity(name, exact, y.astype(np.float64)), abs=1e-7)


@every(ORDINAL, CORRELATION_DISTANCE, MATCHED)
@data(cases)
def test_images_that_are_there_twice(name, case, data):
    """Every property at once with a quarter of the rows repeated elsewhere: no distance of 0 makes a NaN."""
    x, y = case.sides()
    twice = case.rng.permutation(case.n)
    copies = case.n // 4
    x[twice[:copies]], y[twice[:copies]] = x[twice[copies : 2 * copies]], y[twice[copies : 2 * copies]]
    value = similarity(name, x, y)
    assert value <= 1 + 1e-11
    if name not in FOLDED:
        assert similarity(name, x, x) == pytest.approx(1, abs=1e-11)
    # A regression on few images with a small penalty makes rounding errors larger.
    error = 1e-7 if name in FOLDED else 1e-9
    assert similarity(name, 1e3 * x, y @ rotation(case.rng, case.q)) == pytest.approx(value, abs=error)
    if name not in ONE_SIDED:
        assert similarity(name, y, x) == pytest.approx(value, abs=1e-11)
    if name not in BATCHED | FOLDED:
        order = case.rng.permutation(case.n)
        assert similarity(name, x[order], y[order]) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
class TestLinearCkaInFloat32:
    """The route that shares Grams, in its single precision: against dense float64 Grams of the very same values."""

    @bounded
    @given(
        case=cases(),
        offset=st.floats(-1e3, 1e3) | st.floats(-1e6, 1e6),
        exponents=st.tuples(EXPONENTS, EXPONENTS),
        one_unit=st.sampled_from(["no", "first", "both"]),
        doubled=st.booleans(),
    )
    def test_is_that_of_float64(self, estimator, case, *, offset, exponents, one_unit, doubled):
        p, q = {"no": (case.p, case.q), "first": (1, case.q), "both": (1, 1)}[one_unit]
        x, y = replace(case, p=p, q=q).sides()
        if doubled:
            half = case.n // 2
            x[:half], y[:half] = x[-half:], y[-half:]
        x, y = (
            torch.from_numpy((10**exponent * (side + offset * side.std())).astype(np.float32))
            for exponent, side in zip(exponents, (x, y), strict=True)
        )
        expected = cka_matrix([x, y], estimator)
        ours = linear_cka_matrix([x, y], estimator=estimator).numpy()
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6)
        exact = linear_cka(x.double(), y.double(), estimator=estimator)
        assert exact == pytest.approx(expected[0, 1], abs=1e-10)

    @bounded
    @given(case=cases(), exponents=st.tuples(EXPONENTS, EXPONENTS))
    def test_ignores_rotation_scale_and_order(self, estimator, case, exponents):
        sides = case.sides()
        order = case.rng.permutation(case.n)
        moved = [
            torch.from_numpy((10**exponent * (side @ rotation(case.rng, side.shape[1]))[order]).astype(np.float32))
            for exponent, side in zip(exponents, sides, strict=True)
        ]
        matrix = linear_cka_matrix(moved, estimator=estimator)
        expected = cka_matrix([torch.from_numpy(side) for side in sides], estimator)
        np.testing.assert_allclose(matrix.numpy(), expected, rtol=0, atol=1e-6)
        torch.testing.assert_close(matrix, matrix.T, rtol=0, atol=1e-14)
        assert matrix.diagonal().numpy() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("dtype", "exponents"), [(torch.float64, (300, -300, 1000, -1000)), (torch.float32, (50, -50, 100, -90))]
)
def test_features_whose_squares_leave_the_range_have_the_same_similarity(name, dtype, exponents):
    """A power of 2 changes no digit of the features, so it may change none of the value."""
    made = estimator(name)
    rng = torch.Generator().manual_seed(3)
    x = torch.randn(80, 12, generator=rng, dtype=torch.float64).to(dtype)
    y = (x @ torch.randn(12, 9, generator=rng, dtype=torch.float64).to(dtype)).relu()
    y += torch.randn(80, 9, generator=rng, dtype=torch.float64).to(dtype)
    right = made.compare(made.prepare(x), made.prepare(y))
    for exponent in exponents:
        scaled = x * 2.0 ** (exponent // 2) * 2.0 ** (exponent - exponent // 2)
        assert made.compare(made.prepare(scaled), made.prepare(y)) == pytest.approx(right, abs=1e-12), exponent
    if name in ("cka-biased", "cka-debiased"):
        kind = name.removeprefix("cka-")
        assert linear_cka(scaled, y, estimator=kind) == pytest.approx(linear_cka(x, y, estimator=kind), abs=1e-12)
