"""Half-samples of probe images: their values against prepared halves, their variance against fresh probes."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from repdrift.errors import UserError
from repdrift.similarity import half_samples, linear_cka, resampled
from repdrift.similarity.cka import LinearCka
from repdrift.similarity.procrustes import Procrustes
from repdrift.similarity.registry import ESTIMATORS, estimator

RNG = np.random.default_rng(0)
BOTH = pytest.mark.parametrize("name", ["biased", "debiased"])


def related(images, rng=RNG):
    x = np.maximum(rng.normal(size=(images, 8)), -1)
    y = x @ rng.normal(size=(8, 6)) + 3 * rng.normal(size=(images, 6))
    # Means that are large, and images of very unequal length.
    return torch.from_numpy(x * rng.gamma(1, size=(images, 1)) + 5), torch.from_numpy(y + 20)


class TestHalfSamples:
    @pytest.mark.parametrize("images", [8, 9, 40, 41])
    def test_are_halves_in_complementary_pairs(self, images):
        halves = half_samples(images, 7, seed=1)
        assert halves.shape == (images, 7) and halves.dtype == torch.bool
        assert halves.sum(dim=0).tolist() == [images // 2] * 7
        for pair in range(3):
            assert not (halves[:, 2 * pair] & halves[:, 2 * pair + 1]).any()

    def test_all_images_and_pairs_of_images_are_equally_often_in_a_half(self):
        halves = half_samples(10, 20_000, seed=2)[:, ::2].double()
        together = halves @ halves.T
        for i in range(10):
            assert binomtest(int(together[i, i]), 10_000, 1 / 2).pvalue > 1e-4
            for j in range(i):
                assert binomtest(int(together[i, j]), 10_000, 1 / 2 * 4 / 9).pvalue > 1e-4

    def test_a_seed_gives_them_again(self):
        first, again, other = (half_samples(20, 6, seed) for seed in (1, 1, 2))
        assert torch.equal(first, again) and not torch.equal(first, other)

    @pytest.mark.parametrize(("images", "count"), [(7, 10), (20, 0)])
    def test_too_few_are_refused(self, images, count):
        with pytest.raises(UserError, match="at least 1 half and 8 images"):
            half_samples(images, count)


class TestResampled:
    @BOTH
    @pytest.mark.parametrize("images", [8, 33, 60])
    def test_is_linear_cka_of_each_half(self, name, images):
        x, y = related(images)
        halves = half_samples(images, 30, seed=3)
        expected = [linear_cka(x[half], y[half], estimator=name) for half in halves.T]
        method = LinearCka(debiased=name == "debiased")
        states = method.prepare(x), method.prepare(y)
        for given in (None, states):
            assert resampled(method, x, y, halves, given).numpy() == pytest.approx(np.array(expected), abs=1e-9)

    @BOTH
    def test_states_need_no_features(self, name):
        x, y = related(30)
        halves = half_samples(30, 4)
        method = LinearCka(debiased=name == "debiased")
        without = torch.empty(30, 0)
        found = resampled(method, without, without, halves, (method.prepare(x), method.prepare(y)))
        assert torch.equal(found, resampled(method, x, y, halves))

    @BOTH
    def test_samples_may_have_unequal_sizes(self, name):
        x, y = related(40)
        samples = torch.from_numpy(RNG.uniform(size=(40, 20)) < RNG.uniform(0.3, 1, size=20))
        expected = [linear_cka(x[sample], y[sample], estimator=name) for sample in samples.T]
        found = resampled(LinearCka(debiased=name == "debiased"), x, y, samples)
        assert found.numpy() == pytest.approx(np.array(expected), abs=1e-9)

    @pytest.mark.parametrize("name", ESTIMATORS)
    def test_of_every_estimator_it_is_the_similarity_of_the_rows(self, name):
        x, y = related(40)
        method, halves = estimator(name), half_samples(40, 5)
        expected = [method.compare(method.prepare(x[half]), method.prepare(y[half])) for half in halves.T]
        assert resampled(method, x, y, halves).numpy() == pytest.approx(np.array(expected), abs=1e-9)

    @pytest.mark.parametrize("method", [LinearCka(), LinearCka(debiased=True), Procrustes()])
    def test_a_half_of_equal_images_is_refused(self, method):
        x, y = related(20)
        x[:10] = x[0]
        halves = torch.zeros(20, 2, dtype=torch.bool)
        halves[5:15, 0] = halves[:10, 1] = True
        with pytest.raises(UserError, match="is undefined"):
            resampled(method, x, y, halves)

    @pytest.mark.parametrize(("x", "y", "samples"), [(20, 19, 20), (20, 20, 19)])
    def test_other_images_are_refused(self, x, y, samples):
        with pytest.raises(UserError, match="20 and 19 images"):
            resampled(Procrustes(), torch.randn(x, 3), torch.randn(y, 3), torch.ones(samples, 1, dtype=torch.bool))


@BOTH
def test_the_variance_over_halves_is_that_over_fresh_probes(name):
    """Of two networks that are linear in Gaussian features, 300 images a probe."""
    rng = np.random.default_rng(5)
    method, images, probes = LinearCka(debiased=name == "debiased"), 300, 400
    first, second = rng.normal(size=(12, 20)), rng.normal(size=(12, 10))
    second[:, :5] = first[:, :5]
    values, variances = [], []
    for probe in range(probes):
        features = rng.normal(size=(images, 12))
        x, y = torch.from_numpy(features @ first), torch.from_numpy(features @ second)
        values.append(linear_cka(x, y, estimator=name))
        if probe < 50:
            variances.append(resampled(method, x, y, half_samples(images, 200, seed=probe)).var().item())
    # The error of the variance over 400 probes is sqrt(2 / 400) = 7 %, and that of the mean over 50 is 2 % or so.
    assert np.mean(variances) / np.var(values, ddof=1) == pytest.approx(1, abs=0.22)
    # A single variance over 100 pairs of halves has an error of about 14 %.
    assert np.std(variances) / np.mean(variances) < 0.3
