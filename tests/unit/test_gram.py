"""What is kept of a wide layer: every estimator has the same value as from the features of the layer."""

import numpy as np
import pytest
import torch
from tests.unit.random_networks import layers_of_two_networks

from repdrift.errors import UserError
from repdrift.similarity import Permutations, half_samples, linear_cka_matrices, permuted, resampled
from repdrift.similarity.cka import linear_cka_and_nulls
from repdrift.similarity.compact import gram_is_smaller, gram_of, gram_of_blocks, smaller
from repdrift.similarity.gram import Gram, middle
from repdrift.similarity.neighbours import MutualNeighbours
from repdrift.similarity.registry import ESTIMATORS, estimator, needs_features
from repdrift.similarity.rsa import Rsa

IMAGES, UNITS = 60, 300
ANY_WIDTH = [name for name, entry in ESTIMATORS.items() if entry.any_width and not needs_features(name)]
METHODS = {
    **{name: estimator(name) for name in ANY_WIDTH},
    "rsa-euclidean": Rsa("euclidean"),
    "rsa-euclidean-spearman": Rsa("euclidean", "spearman"),
}
PERMUTATIONS = Permutations.random(IMAGES, 5)


def plain(generator):
    return torch.randn(IMAGES, 40, generator=generator) @ torch.randn(40, UNITS, generator=generator)


def with_an_outlier(generator):
    x = plain(generator)
    x[7] *= 1e6
    return x


def with_nearly_equal_images(generator):
    x = plain(generator)
    x[1] = x[0] + 1e-6 * torch.randn(UNITS, generator=generator)
    x[2] = x[0]
    return x


def with_a_huge_mean(generator):
    return plain(generator) + 1e4 * torch.randn(UNITS, generator=generator)


def with_huge_offsets_of_images(generator):
    return plain(generator) + 1e4 * torch.randn(IMAGES, 1, generator=generator)


def after_relu(generator):
    return plain(generator).clamp_(min=0)


def tiny(generator):
    return plain(generator) * 1e-23


KINDS = (
    plain, with_an_outlier, with_nearly_equal_images, with_a_huge_mean, with_huge_offsets_of_images, after_relu, tiny,
)  # fmt: skip


@pytest.fixture(scope="module")
def other():
    return torch.randn(IMAGES, 20, generator=torch.Generator().manual_seed(1))


def of_both_forms(kind):
    x = kind(torch.Generator().manual_seed(0))
    return x, gram_of(x)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_estimator_has_the_value_that_features_give(name, kind, other):
    method = METHODS[name]
    exact, found = (
        permuted(method, method.prepare(x), method.prepare(other), PERMUTATIONS) for x in of_both_forms(kind)
    )
    assert found.value == pytest.approx(exact.value, abs=1e-9)
    assert found.mean == pytest.approx(exact.mean, abs=1e-9)
    torch.testing.assert_close(found.null, exact.null, rtol=0, atol=1e-9)


# The states of linear CKA lose the digits of a half that lacks the outlier, whatever they were made of. The eigenvalues
# of linear predictivity lose those of the other images in a half that has it.
ON_HALVES = [
    (name, kind)
    for name in METHODS
    for kind in KINDS
    if kind is not with_an_outlier or not name.startswith(("cka", "linear-predictivity"))
]


@pytest.mark.parametrize(("name", "kind"), ON_HALVES)
def test_and_on_halves_of_the_images(name, kind, other):
    halves = half_samples(IMAGES, 4)
    exact, found = (resampled(METHODS[name], x, other, halves) for x in of_both_forms(kind))
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def layers():
    """Layers of two random conv4 on 120 images, the first three wider than that."""
    return layers_of_two_networks("train", 120)


@pytest.mark.parametrize("name", METHODS)
def test_layers_of_conv4(layers, name):
    method = METHODS[name]
    for x, y in zip(*(each.values() for each in layers), strict=True):
        exact = method.compare(method.prepare(x), method.prepare(y))
        assert method.compare(method.prepare(gram_of(x)), method.prepare(gram_of(y))) == pytest.approx(exact, abs=1e-9)
        assert method.compare(method.prepare(gram_of(x)), method.prepare(y)) == pytest.approx(exact, abs=1e-9)


def test_linear_cka_of_all_layers(layers):
    features = [x.double() for network in layers for x in network.values()]
    kept = [smaller(x.float()) for x in features]
    assert [isinstance(x, Gram) for x in kept] == [True, True, True, True, False] * 2
    exact, found = linear_cka_matrices(features), linear_cka_matrices(kept)
    for name in exact:
        torch.testing.assert_close(found[name], exact[name], rtol=0, atol=1e-12)
    nulls = (linear_cka_and_nulls(each)["biased"][1] for each in (features, kept))
    torch.testing.assert_close(*nulls, rtol=0, atol=1e-12)


def test_do_not_depend_on_the_blocks_of_units():
    x = after_relu(torch.Generator().manual_seed(0))
    means = x.double().mean(dim=1)
    whole, cut = gram_of(x), gram_of_blocks(x.split(7, dim=1), means)
    assert cut.shape == whole.shape == (IMAGES, UNITS)
    torch.testing.assert_close(cut.centred(), whole.centred(), rtol=1e-13, atol=1e-10)


def test_are_those_of_the_definition():
    x = with_huge_offsets_of_images(torch.Generator().manual_seed(0))
    gram, exact = gram_of(x), x.numpy().astype(np.longdouble)
    centred = exact - exact.mean(axis=0)
    np.testing.assert_allclose(gram.centred(), (centred @ centred.T).astype(float), rtol=1e-12, atol=1e-4)
    distances = ((exact[:, None] - exact[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(gram.squared_distances(), distances.astype(float), rtol=1e-12)


def test_neighbours_of_images_beside_an_outlier_are_right():
    """An outlier has no effect on which of the other images are near each other."""
    x = with_an_outlier(torch.Generator().manual_seed(0))
    x[7] *= 10
    exact = x.numpy().astype(np.longdouble)
    distances = ((exact[:, None] - exact[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    for representation in (x, gram_of(x)):
        found = MutualNeighbours(10).prepare(representation)
        np.testing.assert_array_equal(found, np.argsort(distances, axis=1)[:, :10])


def test_the_centre_is_among_most_images():
    x = torch.randn(50, 8)
    assert (middle(x) - x.mean(dim=0)).norm() < 1
    x[3] = 1e9
    assert middle(x).norm() < 2
    assert torch.equal(middle(x[:1]), x[0])


def test_are_kept_where_they_take_less_space():
    assert not gram_is_smaller(500, 501)
    assert gram_is_smaller(500, 502)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_undefined_is_refused_as_from_features(name):
    equal = torch.full((20, 50), 0.1)
    broken = torch.randn(20, 50)
    broken[3, 4] = torch.inf
    for x, words in ((equal, "same for all images|same value in all units"), (broken, "not finite")):
        for representation in (x, gram_of(x)):
            with pytest.raises(UserError, match=words):
                METHODS[name].prepare(representation)


def test_an_image_without_variation_has_no_correlation_distance():
    x = torch.randn(20, 50)
    x[4] = 3
    with pytest.raises(UserError, match=r"1 of 20 images.*row 4"):
        Rsa().prepare(gram_of(x))


@pytest.mark.parametrize("name", ["svcca", "pwcca"])
def test_cca_needs_features(name):
    wide, narrow = torch.randn(20, 50), torch.randn(20, 5)
    with pytest.raises(UserError, match="20 images and 50 units"):
        estimator(name).prepare(gram_of(wide))
    with pytest.raises(UserError, match="only their inner products are kept"):
        estimator(name).prepare(gram_of(narrow))
