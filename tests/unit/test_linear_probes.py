"""Linear probes: beside scikit-learn on real activations and on features that are hard to fit."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from repdrift.data import rendered
from repdrift.errors import UserError
from repdrift.networks.building import build, initialise
from repdrift.networks.linear_probes import fit
from repdrift.networks.principal import principal_coordinates
from repdrift.networks.representations import representations
from repdrift.similarity.compact import gram_of

pytestmark = pytest.mark.usefixtures("same_numbers")

FITTED, HELD_OUT = 300, 200
PENALTIES = (1e-2, 1e-4, 1e-6)


def by_features(x, labels, penalty, fitted):
    """Predictions of scikit-learn for all images, from the features themselves in float64."""
    x = x.double().numpy()
    x = x - x[:fitted].mean(0)
    length = np.sqrt(np.square(x[:fitted]).sum(1).mean())
    x = x / length if length else x
    probe = LogisticRegression(C=1 / (penalty * fitted), tol=1e-9, max_iter=100_000)
    return probe.fit(x[:fitted], labels[:fitted].numpy()).predict(x)


def predicted(x, labels, penalty, fitted):
    coordinates = principal_coordinates(x, fitted, "layer")
    return fit(coordinates[:fitted], labels[None, :fitted], penalty).predict(coordinates)[0].numpy()


def assert_same(x, labels, penalty, fitted, given=None):
    """The probes on `given`, or on the features, have the accuracies of scikit-learn on both parts."""
    expected = by_features(x, labels, penalty, fitted)
    found = predicted(x if given is None else given, labels, penalty, fitted)
    for part in (slice(None, fitted), slice(fitted, None)):
        right, ours = (values[part] == labels[part].numpy() for values in (expected, found))
        assert right.mean() == pytest.approx(ours.mean(), abs=1e-3)


@pytest.fixture(scope="module")
def activations():
    """The layers of a conv4 on rendered images, and the labels of these."""
    images, labels = rendered.render("objects", "train", FITTED + HELD_OUT)
    network = build({"name": "conv4", "block": "conv-relu-bn", "classes": 10})
    initialise(network, "initialisation", 1)
    return representations(network, torch.from_numpy(images)), torch.from_numpy(labels)


@pytest.mark.parametrize("penalty", PENALTIES[:2])
@pytest.mark.parametrize("layer", ["pool2", "pool3", "pool4", "logits"])
def test_accuracies_are_those_of_scikit_learn_on_real_activations(activations, layer, penalty):
    layers, labels = activations
    x = layers[layer]
    assert_same(x, labels, penalty, FITTED, gram_of(x) if x.shape[1] > len(x) else x)


def test_features_and_their_inner_products_have_the_same_coordinates(activations):
    layers, _ = activations
    for x in (layers["pool3"], layers["pool4"]):
        found = [principal_coordinates(given, FITTED, "layer") for given in (x, gram_of(x))]
        centred = x.double() - x[:FITTED].double().mean(0)
        products = centred @ centred[:FITTED].T
        expected = products / products.diagonal().mean()
        for coordinates in found:
            torch.testing.assert_close(coordinates @ coordinates[:FITTED].T, expected, rtol=1e-8, atol=1e-10)
            covariance = coordinates[:FITTED].T @ coordinates[:FITTED]
            assert (covariance - covariance.diagonal().diag()).abs().max() < 1e-9
            assert coordinates[:FITTED].square().sum(1).mean() == pytest.approx(1)


def hard_features(kind):
    """Features that are hard to fit, and labels that depend on some of them."""
    x = torch.randn(90, 20)
    labels = (x[:, :4] + torch.randn(90, 4)).argmax(1)
    match kind:
        case "more features than images":
            x = torch.cat([x, torch.randn(90, 400)], 1)
        case "duplicated rows":
            x[10:60], labels[10:40] = x[:1], labels[0]
        case "duplicated units":
            x = x.repeat(1, 3)
        case "small scale":
            x = x * 1e-8
        case "large scale":
            x = x * 1e8
        case "large offset":
            x = x + 1e3
        case "units of very different scales":
            x = x * 10.0 ** torch.linspace(-6, 6, 20)
        case "an outlier":
            x[3] *= 1e3
        case "one image varies":
            x[:59], x[59] = 1.0, 2.0
            labels[:60] = torch.arange(4).repeat_interleave(torch.tensor([11, 13, 17, 19]))  # no two probes tie
        case "a class that only held-out images have":
            labels[60:] = torch.where(torch.arange(30) < 10, 4, labels[60:])
        case "a class in the middle that only held-out images have":
            labels[:60] = torch.where(labels[:60] == 1, 2, labels[:60])
        case "a class with one image":
            labels[labels == 3], labels[0] = 2, 3
    return x, labels


HARD = (
    "more features than images", "duplicated rows", "duplicated units", "small scale", "large scale", "large offset",
    "units of very different scales", "an outlier", "one image varies", "a class that only held-out images have",
    "a class in the middle that only held-out images have", "a class with one image",
)  # fmt: skip


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("kind", HARD)
def test_accuracies_are_those_of_scikit_learn_on_hard_features(kind, penalty):
    x, labels = hard_features(kind)
    assert_same(x, labels, penalty, 60)
    assert_same(x, labels, penalty, 60, gram_of(x))


def test_a_constant_layer_tells_the_most_frequent_class():
    labels = torch.tensor([2] * 30 + [1] * 20 + [0] * 10)
    for value in (0.0, 0.1, 1e8):
        x = torch.full((60, 700), value)
        x[50:] += torch.randn(10, 700)  # held-out images may differ
        for given in (x, gram_of(x)):
            assert principal_coordinates(given, 50, "layer").shape == (60, 0)
            assert (predicted(given, labels, 1e-4, 50) == 2).all()


def test_one_class_is_always_predicted():
    assert (predicted(torch.randn(20, 5), torch.full((20,), 3), 1e-4, 10) == 3).all()


def test_the_probes_of_several_sets_of_labels_are_those_of_each_set():
    coordinates = principal_coordinates(torch.randn(200, 30), 200, "layer")
    labels = torch.stack([torch.randint(0, classes, (200,)) for classes in (2, 5, 10)])
    together = fit(coordinates, labels, 1e-4)
    for number, one in enumerate(labels):
        alone = fit(coordinates, one[None], 1e-4)
        used = int(one.max()) + 1
        torch.testing.assert_close(together.weights[:, number, :used], alone.weights[:, 0], rtol=0, atol=0.02)
        assert (together.predict(coordinates)[number] == alone.predict(coordinates)[0]).all()


def test_a_fit_is_the_optimum():
    """At the optimum, autograd finds no gradient of the loss that the docstring states."""
    coordinates = principal_coordinates(torch.randn(100, 30), 100, "layer").clone()
    labels = torch.randint(0, 4, (100,))
    found = fit(coordinates, labels[None], 1e-3)
    weights, bias = (value[..., 0, :].clone().requires_grad_() for value in (found.weights, found.bias))
    loss = torch.nn.functional.cross_entropy(coordinates @ weights + bias, labels) + 1e-3 / 2 * weights.square().sum()
    loss.backward()
    assert max(weights.grad.abs().max(), bias.grad.abs().max()) < 1e-5


@pytest.mark.parametrize("image", [3, 15])
def test_values_that_are_not_finite_are_refused(image):
    """Both those of fitted and those of held-out images."""
    x = torch.randn(20, 5)
    x[image, 2] = torch.nan
    with pytest.raises(UserError, match="layer pool1 has values that are not finite"):
        principal_coordinates(x, 10, "layer pool1")
