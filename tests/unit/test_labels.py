"""Labels: their probabilities as equations 1 to 3 state them."""

import numpy as np
import pytest

from repdrift.data.labels import random_labels, shifted_labels, transform_labels
from repdrift.errors import UserError

N, CLASSES = 100_000, 10


@pytest.fixture(scope="module")
def true():
    return np.tile(np.arange(CLASSES), N // CLASSES)


def drawn(true, degree, seed=0):
    return random_labels(true, degree, CLASSES, np.random.default_rng(seed))


@pytest.mark.parametrize("degree", [1, 2, 4, 9])
def test_each_of_the_d_plus_1_offsets_has_the_same_probability(true, degree):
    offsets = np.bincount((drawn(true, degree) - true) % CLASSES, minlength=CLASSES) / N
    p = 1 / (degree + 1)
    error = np.sqrt(p * (1 - p) / N)
    np.testing.assert_allclose(offsets[: degree + 1], p, atol=4.5 * error)
    assert offsets[degree + 1 :].sum() == 0


@pytest.mark.parametrize("degree", [1, 4, 9])
def test_marginal_of_balanced_classes_is_uniform(true, degree):
    share = np.bincount(drawn(true, degree), minlength=CLASSES) / N
    np.testing.assert_allclose(share, 0.1, atol=4.5 * np.sqrt(0.09 / N))


def test_degree_0_is_the_identity(true):
    np.testing.assert_array_equal(drawn(true, 0), true)


def test_degree_9_is_independent_of_the_true_label(true):
    joint = np.histogram2d(true, drawn(true, 9), bins=CLASSES)[0]
    chi2 = ((joint - N / 100) ** 2 / (N / 100)).sum()
    assert chi2 < 81 + 5 * np.sqrt(2 * 81)  # 81 degrees of freedom: mean 81, variance 162


@pytest.mark.parametrize("shift", range(1, CLASSES))
def test_shift_is_a_permutation_without_fixed_label(true, shift):
    shifted = shifted_labels(true, shift, CLASSES)
    pairs = {(a, b) for a, b in zip(true.tolist(), shifted.tolist(), strict=True)}
    assert len(pairs) == CLASSES
    assert {b for _, b in pairs} == set(range(CLASSES))
    assert all((b - a) % CLASSES == shift for a, b in pairs)


def test_noise_of_fewer_images_is_the_beginning_of_that_of_more(true):
    few = transform_labels(true[:64], {"random": 9}, CLASSES, 1, "cifar10/train/0")
    many = transform_labels(true, {"random": 9}, CLASSES, 1, "cifar10/train/0")
    np.testing.assert_array_equal(few, many[:64])


def test_noise_differs_between_seeds_and_images_and_repeats(true):
    first = transform_labels(true, {"random": 9}, CLASSES, 1, "cifar10/train/0")
    np.testing.assert_array_equal(first, transform_labels(true, {"random": 9}, CLASSES, 1, "cifar10/train/0"))
    for seed, subject in ((2, "cifar10/train/0"), (1, "cifar10/test/0")):
        other = transform_labels(true, {"random": 9}, CLASSES, seed, subject)
        assert (first == other).mean() == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize(("transform", "named"), [({"random": 10}, "10"), ({"random": -1}, "-1"), ({"shift": 0}, "0")])
def test_what_is_out_of_range_is_refused(true, transform, named):
    with pytest.raises(UserError, match=named):
        transform_labels(true, transform, CLASSES, 1, "images")
