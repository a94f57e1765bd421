"""Linear CKA against the definitions, written out with dense matrices and loops in numpy."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.unit.random_networks import layers_of_two_networks

from repdrift import similarity
from repdrift.errors import UserError
from repdrift.plan.schema import schema
from repdrift.similarity import linear_cka, linear_cka_matrices, linear_cka_matrix
from repdrift.similarity.cka import linear_cka_and_nulls
from repdrift.similarity.products import cheapest_grams
from repdrift.similarity.rbf_cka import RbfCka
from repdrift.similarity.registry import ESTIMATORS, images_needed
from repdrift.similarity.registry import estimator as estimator_of

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
        assert cka(shifted, Y.astype(np.float32), estimator) == pytest.approx(exact, abs=1e-6)
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


@pytest.fixture(scope="module")
def layers():
    """Layers of two random conv4 on 300 images, narrow and wide: ten representations of very unequal width."""
    return [x for layers in layers_of_two_networks("train", 300) for x in layers.values()]


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
class TestMatrix:
    def test_is_every_pair(self, layers, estimator):
        exact = [x.double() for x in layers]
        matrix = linear_cka_matrix(exact, estimator=estimator)
        state = estimator_of(f"cka-{estimator}")
        prepared = [state.prepare(x) for x in exact]
        expected = torch.tensor([[state.compare(a, b) for b in prepared] for a in prepared], dtype=torch.float64)
        torch.testing.assert_close(matrix, expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(matrix, matrix.T, rtol=0, atol=1e-14)

    @pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1e-6, 0), (1e6, 0), (1, 20)])
    def test_float32_keeps_six_digits(self, layers, estimator, scale, offset):
        """Also with a mean of 20 standard deviations, which float32 Grams that are not centred first do not survive."""
        moved = [scale * x + offset * scale * x.std() for x in layers]
        exact = linear_cka_matrix([x.double() for x in moved], estimator=estimator)
        ours = linear_cka_matrix(moved, estimator=estimator)
        assert (ours - exact).abs().max() < 1e-6

    def test_does_not_depend_on_how_it_is_cut_into_blocks(self, layers, estimator, monkeypatch):
        exact = [x.double() for x in layers]
        whole = linear_cka_matrix(exact, estimator=estimator)
        for name, size in (("BLOCK", 70), ("UNITS", 100), ("STRETCH", 300)):
            monkeypatch.setattr(f"repdrift.similarity.products.{name}", size)
        torch.testing.assert_close(linear_cka_matrix(exact, estimator=estimator), whole, rtol=0, atol=1e-12)


def test_the_cheaper_form_is_chosen():
    assert cheapest_grams([10, 10], images=500) == [False, False]
    assert cheapest_grams([16384, 16384], images=500) == [True, True]
    # A narrow one beside two wide ones: its Gram costs little and then serves both.
    assert cheapest_grams([16384, 16384, 400], images=500) == [True, True, True]
    assert cheapest_grams([300, 10], images=500) == [False, False]


def test_both_estimators_at_the_cost_of_one(layers):
    both = linear_cka_matrices(layers)
    assert list(both) == ["biased", "debiased"]
    for estimator, matrix in both.items():
        assert torch.equal(matrix, linear_cka_matrix(layers, estimator=estimator))


def test_the_means_under_permutations_are_those_of_the_estimators(layers):
    for name, (matrix, nulls) in linear_cka_and_nulls(layers).items():
        assert torch.equal(matrix, linear_cka_matrix(layers, estimator=name))
        method = estimator_of(f"cka-{name}")
        states = [method.prepare(layer) for layer in layers]
        expected = [[method.null_mean(a, b) for b in states] for a in states]
        torch.testing.assert_close(nulls, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-9)


def test_hsic_of_0_with_itself_is_refused():
    # Images that are equally far from each other: nothing is left beside the diagonal.
    equidistant = 0.3 * np.eye(30)
    with pytest.raises(UserError, match="representation 1 has an HSIC with itself of"):
        cka(equidistant, Y, "debiased")


def test_features_whose_squares_are_0_in_float32_have_their_similarity():
    tiny = (1e-30 * X).astype(np.float32)
    assert cka(tiny, Y.astype(np.float32), "biased") == pytest.approx(cka(X, Y, "biased"), abs=1e-6)


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


def test_config_offers_the_estimators_that_take_wide_layers():
    offered = schema()["$defs"]["estimators"]["items"]["else"]["enum"]
    # Canonical correlations refuse layers with more units than images, as pool1 of conv4 is.
    assert set(offered) == set(ESTIMATORS) - {"svcca", "pwcca"}


@pytest.mark.parametrize("debiased", [False, True])
def test_the_bandwidth_of_rbf_cka_can_stand_in_its_name(debiased):
    name = "rbf-cka-debiased" if debiased else "rbf-cka-biased"
    assert estimator_of(name) == RbfCka(0.3, debiased)
    assert estimator_of(f"{name}@0.5") == RbfCka(0.5, debiased)
    assert estimator_of(f"{name}@2") == RbfCka(2.0, debiased)
    assert images_needed([f"{name}@0.5", "neighbours"]) == 11


@pytest.mark.parametrize("name", ["cka-biased@0.5", "rbf-cka-biased@", "rbf-cka-biased@-1", "rbf-cka-biased@nan"])
def test_a_number_that_no_estimator_takes_is_refused(name):
    with pytest.raises(UserError, match="use one of rbf-cka-biased@NUMBER, rbf-cka-debiased@NUMBER"):
        estimator_of(name)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_takes_the_layers_that_it_says(name):
    wide = torch.from_numpy(np.random.default_rng(1).normal(size=(30, 50)))
    if name == "linear-predictivity":  # images whose features are independent say nothing of each other
        assert estimator_of(name).compare(*[estimator_of(name).prepare(wide)] * 2) < 0.5
    elif ESTIMATORS[name].any_width:
        assert estimator_of(name).compare(*[estimator_of(name).prepare(wide)] * 2) == pytest.approx(1)
    else:
        with pytest.raises(UserError, match="30 images and 50 units"):
            estimator_of(name).prepare(wide)


def test_the_package_offers_what_its_modules_define():
    assert similarity.linear_cka is linear_cka
    assert similarity.ESTIMATORS is ESTIMATORS
    with pytest.raises(AttributeError, match="linear_cca"):
        similarity.linear_cca  # noqa: B018


def test_the_names_of_the_estimators_are_known_without_torch():
    code = "import sys, repdrift.similarity.registry as r; print(len(r.ESTIMATORS), 'torch' in sys.modules)"
    path = {"PYTHONPATH": str(Path(similarity.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(ESTIMATORS)), "False"]


def test_unknown_estimator_is_refused():
    with pytest.raises(UserError, match="unbiassed"):
        cka(X, Y, "unbiassed")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_registry_knows_the_smallest_number_of_images(name):
    least = ESTIMATORS[name].images
    x, y = (torch.randn(least, 2 if not ESTIMATORS[name].any_width else 5, dtype=torch.float64) for _ in range(2))
    made = estimator_of(name)
    assert np.isfinite(made.compare(made.prepare(x), made.prepare(y)))
    with pytest.raises(UserError):
        made.prepare(x[:-1])
