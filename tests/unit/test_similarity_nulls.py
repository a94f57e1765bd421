"""Permutation nulls: against explicit permutations, all n! of them, and independent ones; and their error rates."""

from collections import Counter
from itertools import permutations as all_orders

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from repdrift.errors import UserError
from repdrift.similarity import Permutations, Permuted, calibrate, calibrate_layers, nulls, permutation_nulls
from repdrift.similarity.cka import LinearCka
from repdrift.similarity.neighbours import MutualNeighbours
from repdrift.similarity.registry import ESTIMATORS, estimator

RNG = np.random.default_rng(0)
FAST = ("cka-biased", "cka-debiased", "rbf-cka-biased", "rbf-cka-debiased", "rsa-pearson", "rsa-spearman", "neighbours")
WITHOUT_FORMULA = ("minibatch-cka", "procrustes", "svcca", "pwcca")


def related(images, units=8, noise=3):
    """Two representations that have something in common."""
    x = RNG.normal(size=(images, units))
    y = x @ RNG.normal(size=(units, units)) + noise * RNG.normal(size=(images, units))
    return torch.from_numpy(x), torch.from_numpy(np.maximum(y, -4))


def states(method, images, *settings):
    return tuple(method.prepare(side) for side in related(images, *settings))


def independent(images, count, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(images, generator=generator) for _ in range(count)]


class TestPermutations:
    def test_are_the_shifts_of_their_bases(self):
        drawn = Permutations.random(7, 17, seed=3)
        orders = [order.tolist() for order in drawn]
        assert len(drawn) == len(orders) == 17 and drawn.bases.shape == (3, 7)
        assert all(sorted(order) == list(range(7)) for order in orders)
        for number, order in enumerate(orders):
            base, shift = divmod(number, 7)
            for i in range(7):
                assert order[drawn.positions[i]] == drawn.bases[base, (i + shift) % 7]

    @pytest.mark.parametrize("number", [0, 2, 5])
    def test_each_is_uniformly_random(self, number):
        found = Counter(tuple(list(Permutations.random(3, 6, seed))[number].tolist()) for seed in range(3000))
        assert len(found) == 6
        assert chisquare(list(found.values())).pvalue > 1e-3

    def test_a_seed_gives_them_again(self):
        first, again, other = (torch.stack(list(Permutations.random(9, 20, seed))) for seed in (1, 1, 2))
        assert torch.equal(first, again) and not torch.equal(first, other)

    @pytest.mark.parametrize(("images", "count"), [(0, 5), (5, 0)])
    def test_there_is_at_least_one(self, images, count):
        with pytest.raises(UserError, match="at least 1"):
            Permutations.random(images, count)


class TestFastRoute:
    @pytest.mark.parametrize("images", [13, 30, 140])  # odd, even, and more diagonals than are transformed at a time
    @pytest.mark.parametrize("name", FAST)
    def test_gives_the_values_of_explicit_permutations(self, name, images):
        method = estimator(name)
        a, b = states(method, images)
        drawn = Permutations.random(images, 2 * images + 5, seed=1)
        fast = method.compare_permuted(a, b, drawn)
        explicit = [method.compare(a, method.permute(b, order)) for order in drawn]
        assert fast.numpy() == pytest.approx(np.array(explicit), abs=1e-10)
        assert fast.std() > 1e-3

    @pytest.mark.parametrize("name", ESTIMATORS)
    def test_every_estimator_permutes_the_images_of_the_second(self, name):
        method = estimator(name)
        x, y = related(40)
        drawn = Permutations.random(40, 6, seed=2)
        expected = [method.compare(method.prepare(x), method.prepare(y[order])) for order in drawn]
        for orders in (drawn, list(drawn)):
            found = method.compare_permuted(method.prepare(x), method.prepare(y), orders)
            assert found.numpy() == pytest.approx(np.array(expected), abs=1e-10)

    def test_shares_of_neighbours_that_are_equal_are_equal_to_the_last_bit(self):
        method = MutualNeighbours(3)
        a, b = states(method, 30)
        shares = method.compare_permuted(a, b, Permutations.random(30, 300, seed=1)) * 90
        assert set(shares.tolist()) <= {count / 90 * 90 for count in range(91)}

    def test_other_images_are_refused(self):
        for method in (LinearCka(), MutualNeighbours(3)):
            a, b = states(method, 30)[0], states(method, 20)[1]
            with pytest.raises(UserError, match="30 and 20 images"):
                method.compare_permuted(a, b, Permutations.random(20, 5))


class TestAsGoodAsIndependent:
    """On images that are sorted by class, where the shifts of the images in file order would be nearly equal."""

    IMAGES = 60

    def pair(self):
        rng = np.random.default_rng(7)
        classes = np.repeat(rng.normal(size=(4, 10)), self.IMAGES // 4, axis=0)
        sides = (classes + rng.normal(size=classes.shape) / 2 for _ in range(2))
        return (LinearCka(debiased=True).prepare(torch.from_numpy(side)) for side in sides)

    def test_mean_and_quantile_have_the_errors_of_independent_permutations(self):
        a, b = self.pair()
        method, count, studies = LinearCka(debiased=True), self.IMAGES, 1000
        reference = method.compare_permuted(a, b, independent(self.IMAGES, 10_000, 0)).numpy()
        q95 = np.quantile(reference, 0.95)
        drawn = [
            method.compare_permuted(a, b, Permutations.random(self.IMAGES, count, s)).numpy() for s in range(studies)
        ]
        means, above = np.mean(drawn, axis=1), np.mean(np.array(drawn) > q95, axis=1)
        # No bias, within 4 standard errors of both sides.
        total = count * studies
        assert means.mean() == pytest.approx(reference.mean(), abs=4 * reference.std() * np.sqrt(1e-4 + 1 / total))
        assert above.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 * (1e-4 + 1 / total)))
        # The variance over studies is that of independent permutations. Its own error is sqrt(2 / 1000) = 4.5 %.
        assert means.var() / (reference.var() / count) == pytest.approx(1, abs=0.18)
        assert above.var() / (0.05 * 0.95 / count) == pytest.approx(1, abs=0.25)


class TestNullMean:
    @pytest.mark.parametrize("name", [*FAST[:6], "neighbours"])
    def test_is_the_mean_over_all_permutations(self, name):
        method = MutualNeighbours(2) if name == "neighbours" else estimator(name)
        a, b = states(method, 6)
        orders = [torch.tensor(order) for order in all_orders(range(6))]
        assert method.null_mean(a, b) == pytest.approx(method.compare_permuted(a, b, orders).mean().item(), abs=1e-12)

    @pytest.mark.parametrize("name", FAST)
    def test_is_the_mean_of_many_permutations(self, name):
        method = estimator(name)
        a, b = states(method, 40)
        values = method.compare_permuted(a, b, Permutations.random(40, 20_000, seed=4)).numpy()
        assert method.null_mean(a, b) == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(20_000))

    def test_of_biased_cka_is_that_of_the_traces(self):
        x, y = related(40)
        k, l = (side @ side.T for side in (z - z.mean(dim=0) for z in (x, y)))  # noqa: E741
        expected = k.trace() * l.trace() / (39 * k.norm() * l.norm())
        method = LinearCka()
        assert method.null_mean(method.prepare(x), method.prepare(y)) == pytest.approx(expected.item(), abs=1e-12)

    @pytest.mark.parametrize("name", WITHOUT_FORMULA)
    def test_has_no_closed_form_for_some(self, name):
        method = estimator(name)
        a, b = states(method, 40)
        assert method.null_mean(a, b) is None
        drawn = Permutations.random(40, 5)
        (null,) = permutation_nulls(method, [a], [b], drawn)
        assert null.mean == pytest.approx(method.compare_permuted(a, b, drawn).mean().item(), abs=1e-15)


class TestNulls:
    LAYERS = 3

    def layers(self):
        method = estimator("rbf-cka-biased")
        return method, *zip(*[states(method, 30, *each) for each in ((4, 0.5), (8, 5), (8, 30))], strict=True)

    def test_are_counted_by_hand(self):
        method, a, b = self.layers()
        drawn = Permutations.random(30, 99, seed=5)
        found = permutation_nulls(method, a, b, drawn)
        explicit = np.array(
            [[method.compare(x, method.permute(y, order)) for order in drawn] for x, y in zip(a, b, strict=True)]
        )
        observed = np.array([method.compare(x, y) for x, y in zip(a, b, strict=True)])
        means = np.array([method.null_mean(x, y) for x, y in zip(a, b, strict=True)])
        spreads = explicit.std(axis=1, ddof=1)
        largest = ((explicit - means[:, None]) / spreads[:, None]).max(axis=0)
        for layer, null in enumerate(found):
            values, value = explicit[layer], observed[layer]
            # Of 100 values, 5 are above the 95th.
            q95 = sorted([value, *values])[94]
            assert null.value == value
            assert (null.mean, null.sd, null.q95) == pytest.approx((means[layer], spreads[layer], q95), abs=1e-12)
            assert null.p == (1 + sum(values >= value)) / 100
            assert null.p_max == (1 + sum(largest >= (value - means[layer]) / spreads[layer])) / 100
            assert null.calibrated == pytest.approx(max(value - q95, 0) / (1 - q95), abs=1e-12)
        assert len({null.p_max for null in found}) > 1 and any(null.calibrated > 0 for null in found)

    def test_p_max_of_one_layer_is_p(self):
        method, a, b = self.layers()
        for layer in range(self.LAYERS):
            (null,) = permutation_nulls(
                method, a[layer : layer + 1], b[layer : layer + 1], Permutations.random(30, 200)
            )
            assert null.p_max == null.p

    def test_a_value_is_above_the_quantile_where_p_is_at_most_5_percent(self):
        values = torch.arange(199, dtype=torch.float64) / 1000
        for place in range(180, 199):
            (null,) = nulls([Permuted(place / 1000 + 0.0005, values, 0.1)])
            assert (null.value > null.q95) == (null.p <= 0.05) == (null.calibrated > 0)

    def test_a_representation_with_itself_is_1_when_calibrated(self):
        method = LinearCka(debiased=True)
        a, _ = states(method, 30)
        (null,) = permutation_nulls(method, [a], [a], Permutations.random(30, 199))
        assert null.calibrated == pytest.approx(1, abs=1e-12) and null.p == 1 / 200

    def test_a_null_without_spread_is_no_division_by_0(self):
        same = torch.full((9,), 0.25, dtype=torch.float64)
        at, above = nulls([Permuted(0.25, same, 0.25), Permuted(0.5, same, 0.25)])
        assert (at.p, at.p_max, at.calibrated) == (1, 1, 0)
        assert (above.p, above.p_max) == (0.1, 0.1)

    @pytest.mark.parametrize("counts", [(1,), (5, 6)])
    def test_too_few_or_unequal_permutations_are_refused(self, counts):
        layers = [Permuted(0.5, torch.zeros(count, dtype=torch.float64), 0.0) for count in counts]
        with pytest.raises(UserError, match="at least 2"):
            nulls(layers)


PAIRS = 400


@pytest.fixture(scope="module")
def of_independent():
    """Nulls of 400 pairs of independent networks with three layers, two of which depend on each other."""
    rng = np.random.default_rng(11)
    method, found = LinearCka(debiased=True), []
    for pair in range(PAIRS):
        networks = []
        for _ in range(2):
            first = rng.normal(size=(40, 5))
            layers = [first, first @ rng.normal(size=(5, 12)), rng.normal(size=(40, 20))]
            networks.append([method.prepare(torch.from_numpy(layer)) for layer in layers])
        found.append(permutation_nulls(method, *networks, Permutations.random(40, 199, seed=pair)))
    return found


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_p_values_of_independent_representations_are_uniform(of_independent, layer):
    p = [nulls[layer].p for nulls in of_independent]
    assert kstest(p, "uniform").pvalue > 1e-3
    # 5 % of 400 pairs are 20, with a standard deviation of 4.4.
    assert 7 <= sum(value <= 0.05 for value in p) <= 33
    assert sum(value <= 0.05 for value in p) == sum(nulls[layer].calibrated > 0 for nulls in of_independent)


def test_the_smallest_p_max_of_all_layers_is_uniform_and_the_smallest_p_is_not(of_independent):
    assert kstest([min(null.p_max for null in nulls) for nulls in of_independent], "uniform").pvalue > 1e-3
    assert sum(min(null.p for null in nulls) <= 0.05 for nulls in of_independent) > 33


class TestCalibration:
    def test_of_one_pair_it_is_the_null_of_one_layer(self):
        x, y = related(40)
        method, drawn = LinearCka(), Permutations.random(40, 199, seed=3)
        (null,) = permutation_nulls(method, [method.prepare(x)], [method.prepare(y)], drawn)
        for estimator_or_name in (method, "cka-biased"):
            found = calibrate(x, y, estimator_or_name, permutations=drawn)
            assert (found.value, found.p, found.threshold) == (null.calibrated, null.p, null.q95)
            assert found.similarity == null.value

    def test_has_200_permutations_by_default(self):
        x, y = related(40, 8, 0.1)
        assert calibrate(x, y).p == 1 / 201
        assert calibrate(x, y) == calibrate(x, y, "cka-debiased", permutations=Permutations.random(40, 200, seed=0))

    @pytest.mark.parametrize(
        ("xs", "ys", "settings", "named"),
        [
            ([30], [20], {}, "30 and 20 images"),
            ([30, 20], [30], {}, "30 and 20 images"),
            ([], [30], {}, "without layers"),
            ([30], [30], {"alpha": 1.0}, "alpha 1.0"),
            ([30], [30], {"aggregate": "median"}, "use one of max, mean"),
            ([30], [30], {"estimator": "cka"}, "'cka'"),
        ],
    )
    def test_what_cannot_be_calibrated_is_refused(self, xs, ys, settings, named):
        sides = ([torch.randn(images, 5) for images in side] for side in (xs, ys))
        with pytest.raises(UserError, match=named):
            calibrate_layers(*sides, **settings)
