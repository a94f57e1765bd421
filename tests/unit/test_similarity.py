"""Linear CKA against the definitions, written out with dense matrices and loops in numpy."""

import numpy as np
import pytest
import torch

from repdrift.errors import UserError
from repdrift.similarity import centred_grams, cosine, linear_cka, permutation_null

RNG = np.random.default_rng(0)
X = np.maximum(RNG.normal(size=(30, 50)) @ RNG.normal(size=(50, 40)), 0)
Y = np.maximum(X[:, :20] @ RNG.normal(size=(20, 15)) + RNG.normal(size=(30, 15)), 0)


def cka(x, y, estimator):
    return linear_cka(torch.from_numpy(x), torch.from_numpy(y), estimator=estimator)


def biased_by_definition(x, y):
    n = len(x)
    h = np.eye(n) - 1 / n
    k, l = (h @ z @ z.T @ h for z in (x, y))  # noqa: E741
    return np.trace(k @ l) / np.sqrt(np.trace(k @ k) * np.trace(l @ l))


def song_hsic(x, y):
    """Equation 5 of Song et al. (2012), term by term."""
    n = len(x)
    k, l = (z @ z.T * (1 - np.eye(n)) for z in (x, y))  # noqa: E741
    one = np.ones(n)
    total = np.trace(k @ l) + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)
    return total / (n * (n - 3))


def test_biased_is_the_definition():
    assert cka(X, Y, "biased") == pytest.approx(biased_by_definition(X, Y), abs=1e-12)


def test_debiased_is_song_et_al():
    expected = song_hsic(X, Y) / np.sqrt(song_hsic(X, X) * song_hsic(Y, Y))
    assert cka(X, Y, "debiased") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
class TestProperties:
    def test_of_a_layer_with_itself_is_1(self, estimator):
        assert cka(X, X, estimator) == pytest.approx(1, abs=1e-14)

    def test_is_symmetric(self, estimator):
        assert cka(X, Y, estimator) == pytest.approx(cka(Y, X, estimator), abs=1e-14)

    def test_ignores_rotation_and_scale(self, estimator):
        rotation = np.linalg.qr(RNG.normal(size=(40, 40)))[0]
        assert cka(X @ rotation * 1e-6, Y * 1e6, estimator) == pytest.approx(cka(X, Y, estimator), abs=1e-12)

    def test_float32_with_a_large_mean_keeps_its_digits(self, estimator):
        shifted = (X + 20 * X.std()).astype(np.float32)
        exact = cka(shifted.astype(np.float64), Y, estimator)
        assert cka(shifted, Y, estimator) == pytest.approx(exact, abs=1e-12)
        assert exact == pytest.approx(cka(X, Y, estimator), abs=1e-6)

    def test_permuting_the_images_of_both_changes_nothing(self, estimator):
        order = RNG.permutation(30)
        assert cka(X[order], Y[order], estimator) == pytest.approx(cka(X, Y, estimator), abs=1e-12)


def test_noise_biased_and_debiased():
    # White noise: p / (p + n - 1) for equal widths, and 0.
    x, y = (RNG.normal(size=(200, 400)) for _ in range(2))
    assert cka(x, y, "biased") == pytest.approx(400 / 599, abs=0.02)
    assert cka(x, y, "debiased") == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("estimator", ["cka-biased", "cka-debiased"])
def test_null_equals_permuting_the_rows(estimator):
    permutations = torch.stack([torch.randperm(30, generator=torch.Generator().manual_seed(i)) for i in range(20)])
    a, b = (centred_grams(torch.from_numpy(z), [estimator])[estimator] for z in (X, Y))
    null = permutation_null(a, b, permutations)
    values = [cka(X, Y[p.numpy()], estimator.removeprefix("cka-")) for p in permutations]
    assert null.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert null.q95 == pytest.approx(np.quantile(values, 0.95), abs=1e-12)
    assert null.q95 < cosine(a, b)


@pytest.mark.parametrize(
    ("x", "y", "named"),
    [
        (X[:3], Y[:3], "at least 4"),
        (X, Y[:20], "20 images"),
        (np.full_like(X, 3.7), Y, "same for all images"),
        (np.where(X[2, 3] == X, np.nan, X), Y, "not finite"),
        (np.where(X[2, 3] == X, np.inf, X), Y, "not finite"),
        (X[:, 0], Y, "shape"),
    ],
)
def test_what_has_no_similarity_is_refused(x, y, named):
    with pytest.raises(UserError, match=named):
        cka(x, y, "biased")


def test_unknown_estimator_is_refused():
    with pytest.raises(UserError, match="unbiassed"):
        cka(X, Y, "unbiassed")
