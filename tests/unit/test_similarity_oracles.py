"""CKA against other libraries: rsatoolbox, by way of distances, and ckatorch; calibration against its authors'."""

import importlib
import os

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from tests.benchmarks.reference import cka_matrix
from tests.unit.random_networks import layers_of_two_networks

from repdrift.similarity import Permutations, calibrate, calibrate_layers, linear_cka, linear_cka_matrix
from repdrift.similarity.rbf_cka import RbfCka
from repdrift.similarity.registry import estimator as estimator_of

RNG = np.random.default_rng(0)
X = np.maximum(RNG.normal(size=(60, 40)) @ RNG.normal(size=(40, 30)), 0)
Y = np.maximum(X[:, :20] @ RNG.normal(size=(20, 15)) + RNG.normal(size=(60, 15)), 0)
WIDE = np.maximum(X @ RNG.normal(size=(30, 200)) + 3 * RNG.normal(size=(60, 200)), 0)

on_all_sides = pytest.mark.parametrize(("x", "y"), [(X, Y), (X, WIDE), (WIDE, Y), (X[:, :1], WIDE)])


def peer(module):
    """Import a module of a peer; without it the test is skipped, or fails where CI must have it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        reason = f"{module} is not installed (make .venv/peers): {error}"
        if os.environ.get("REPDRIFT_REQUIRE_PEERS"):
            pytest.fail(reason)
        pytest.skip(reason)


def cka(x, y, estimator):
    """Linear CKA by each of our routes, which are to agree."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    value = linear_cka(x, y, estimator=estimator)
    route = estimator_of(f"cka-{estimator}")
    assert route.compare(route.prepare(x), route.prepare(y)) == pytest.approx(value, abs=1e-12)
    return value


@on_all_sides
def test_biased_is_the_cosine_of_squared_distances_in_rsatoolbox(x, y):
    """With the covariance of distances that share an image removed, as rsatoolbox's cosine_cov does."""
    data, rdm = peer("rsatoolbox.data"), peer("rsatoolbox.rdm")
    distances = [rdm.calc_rdm(data.Dataset(side), method="euclidean") for side in (x, y)]
    expected = rdm.compare(*distances, method="cosine_cov").item()
    assert cka(x, y, "biased") == pytest.approx(expected, abs=1e-10)


@on_all_sides
@pytest.mark.parametrize("estimator", ["biased", "debiased"])
def test_linear_is_ckatorch(x, y, estimator):
    core = peer("ckatorch.core")
    sides = torch.from_numpy(x), torch.from_numpy(y)
    expected = core.cka_base(*sides, unbiased=estimator == "debiased").item()
    assert cka(x, y, estimator) == pytest.approx(expected, abs=1e-10)
    # The reference of the benchmarks and of test_similarity_accuracy.py, by the way.
    assert cka_matrix(sides, estimator)[0, 1] == pytest.approx(expected, abs=1e-12)


def fraction_of_ckatorch(x, threshold):
    """Our bandwidth for theirs: they take the median of all n^2 squared distances, n zeros among them.

    Of two middle ones, torch takes the lower; we take the median over pairs of different images, the mean of two.
    """
    pairs = pdist(x)
    everything = np.sort(np.concatenate([pairs**2, pairs**2, np.zeros(len(x))]))
    return threshold * np.sqrt(everything[(len(everything) - 1) // 2]) / np.median(pairs)


@on_all_sides
@pytest.mark.parametrize("threshold", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("debiased", [False, True])
def test_rbf_is_ckatorch(x, y, threshold, debiased):
    core = peer("ckatorch.core")
    sides = torch.from_numpy(x), torch.from_numpy(y)
    expected = core.cka_base(*sides, kernel="rbf", unbiased=debiased, threshold=threshold).item()
    estimators = [RbfCka(fraction_of_ckatorch(side, threshold), debiased) for side in (x, y)]
    ours = [estimator.prepare(side) for estimator, side in zip(estimators, sides, strict=True)]
    assert estimators[0].compare(*ours) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("estimator", ["biased", "debiased"])
def test_layers_of_two_networks_are_ckatorch(estimator):
    core = peer("ckatorch.core")
    models = layers_of_two_networks("test", 96)
    for layer in models[0]:
        sides = [model[layer].double() for model in models]
        expected = core.cka_base(*sides, unbiased=estimator == "debiased").item()
        assert linear_cka_matrix(sides, estimator=estimator)[0, 1].item() == pytest.approx(expected, abs=1e-10)


def linear(kind):
    """Return linear CKA by dense Gram matrices, as a similarity for the peer."""
    return lambda x, y: cka_matrix([x, y], kind)[0, 1]


def explicit(name):
    """Return the similarity that prepares the permuted representation anew."""
    method = estimator_of(name)
    return lambda x, y: method.compare(method.prepare(x), method.prepare(y))


SIMILARITIES = {
    "cka-biased": linear("biased"),
    "cka-debiased": linear("debiased"),
    **{name: explicit(name) for name in ("rbf-cka-biased", "rbf-cka-debiased", "procrustes", "neighbours")},
}


def replayed(permutations):
    """Return the function from which the peer takes its permutations, which gives ours."""
    orders = iter(permutations)
    return lambda images, device: next(orders)


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize(("noise", "alpha"), [(0, 0.05), (4, 0.05), (8, 0.1), (100, 0.3)])
def test_calibration_is_that_of_its_authors(name, noise, alpha):
    """On the same permutations. The peer keeps similarities in float32."""
    theirs = peer("calibrated_similarity")
    x, y = (torch.from_numpy(side) for side in (X, Y))
    y = y + noise * torch.from_numpy(np.random.default_rng(3).normal(size=Y.shape))
    permutations = Permutations.random(len(x), 99, seed=2)
    found = calibrate(x, y, name, permutations=permutations, alpha=alpha)
    expected = theirs.calibrate(x, y, SIMILARITIES[name], K=99, alpha=alpha, perm_fn=replayed(permutations))
    assert (found.value, found.p, found.threshold) == pytest.approx([each.item() for each in expected], abs=1e-6)
    assert (found.value > 0) == (found.p <= alpha)


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("aggregate", ["max", "mean"])
def test_calibration_of_layers_is_that_of_its_authors(name, aggregate):
    theirs = peer("calibrated_similarity")
    rng = np.random.default_rng(4)
    # The wide layer is alike by chance. It decides the largest similarity of an estimator that is not corrected.
    xs = [torch.from_numpy(side) for side in (X, rng.normal(size=(60, 300)))]
    ys = [torch.from_numpy(side) for side in (Y + 9 * rng.normal(size=Y.shape), rng.normal(size=(60, 200)), X[:, :5])]
    permutations = Permutations.random(60, 59, seed=2)
    found = calibrate_layers(xs, ys, name, aggregate, permutations=permutations)
    sim, perm_fn = SIMILARITIES[name], replayed(permutations)
    expected = theirs.calibrate_layers(xs, ys, sim, agg=aggregate, K=59, perm_fn=perm_fn)
    assert (found.value, found.p, found.threshold) == pytest.approx([each.item() for each in expected], abs=1e-6)
