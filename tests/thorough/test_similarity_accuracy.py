"""Digits of linear CKA on what it is made for: layers of a conv4, before and after a short training.

float32 is held to 1e-6 and float64 to 1e-12 of dense float64 Grams in numpy, and these to the definition in extended
precision.
"""

import numpy as np
import pytest
import torch
from tests.benchmarks.reference import biased_hsic, centred_gram, unbiased_hsic
from tests.checkout import DATA

from repdrift.data import rendered
from repdrift.data.datasets import read
from repdrift.networks.building import build, initialise
from repdrift.networks.representations import representations
from repdrift.similarity import linear_cka_matrices
from repdrift.specs import TrainingSettings
from repdrift.training.training import train

LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
MOST = 5000
HSIC = {"biased": biased_hsic, "debiased": unbiased_hsic}
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}

# Activations are rounded to a grid (of a hundred-thousandth of their deviation) on which these changes of them are
# exact in float32: the CKA then is exactly that of the unchanged ones, and one reference serves them all.
GRID = 2.0**-16
OFFSET = 64.0  # more than 20 standard deviations
TINY, HUGE = 2.0**-20, 2.0**20  # 1e-6 and 1e6
CHANGES = {
    "plain": (lambda before: before, lambda after: after),
    "first-offset-second-huge": (lambda before: before + OFFSET, lambda after: after * HUGE),
    "first-tiny-second-offset": (lambda before: before * TINY, lambda after: after + OFFSET),
}


def images_and_labels():
    """Real images, where they are present."""
    if (DATA / "cifar-10-batches-py").exists():
        images, labels, *_ = read({"reader": "cifar10", "classes": 10}, "test", DATA)
    else:
        images, labels = rendered.render("objects", "test", MOST)
    images, labels = torch.from_numpy(images[:MOST]), torch.from_numpy(labels[:MOST])
    return images.contiguous(memory_format=torch.channels_last), labels


@pytest.fixture(scope="module")
def layers():
    """By name: the representation float32 [5000, p] before 30 steps of training, and after."""
    images, labels = images_and_labels()
    network = build({"name": "conv4", "block": "conv-relu-bn", "classes": 10})
    initialise(network, "initialisation", 1)
    before = representations(network, images)
    settings = TrainingSettings(
        learning_rate=0.01,
        momentum=0.9,
        weight_decay=0.0,
        batch_size=32,
        precision="float32",
        steps=30,
        test_every=1,
    )
    few = images[:960], labels[:960]
    generator = torch.Generator().manual_seed(1)
    train(network, few, few, settings, generator=generator, after_epoch=lambda _: None)
    after = representations(network, images)
    found = {name: [on_grid(side.pop(name)) for side in (before, after)] for name in LAYERS}
    for sides in found.values():
        assert all(torch.equal(x + OFFSET - OFFSET, x) and 20 * x.std() < OFFSET for x in sides)
    return found


def on_grid(x):
    return torch.round(x / GRID) * GRID


@pytest.fixture(scope="module")
def exact(layers):
    """Function that gives the CKA of a layer before and after training by dense float64 Grams, by estimator."""
    found = {}

    def of(layer, images):
        if (layer, images) not in found:
            grams = [centred_gram(x[:images]) for x in layers[layer]]
            found[layer, images] = {name: cosine(hsic, *grams) for name, hsic in HSIC.items()}
        return found[layer, images]

    return of


def cosine(hsic, k, l):  # noqa: E741
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def assert_exact(sides, change, dtype, expected):
    moved = [changed(side).to(dtype) for changed, side in zip(CHANGES[change], sides, strict=True)]
    for estimator, matrix in linear_cka_matrices(moved).items():
        assert matrix[0, 1].item() == pytest.approx(expected[estimator], rel=0, abs=TOLERANCE[dtype]), estimator


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("images", [500, 1000])
@pytest.mark.parametrize("layer", LAYERS)
def test_of_few_images(layers, exact, *, layer, images, change, dtype):
    assert_exact([x[:images] for x in layers[layer]], change, dtype, exact(layer, images))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("layer", LAYERS)
def test_of_many_images(layers, exact, layer, dtype):
    assert_exact(layers[layer], "first-offset-second-huge", dtype, exact(layer, MOST))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_all_layers_in_one_call(layers, exact, dtype):
    """Grams of wide layers and features of narrow ones side by side; the values change with the training."""
    sides = [x[:500].to(dtype) for layer in LAYERS for x in layers[layer]]
    for estimator, matrix in linear_cka_matrices(sides).items():
        for number, layer in enumerate(LAYERS):
            value, expected = matrix[2 * number, 2 * number + 1].item(), exact(layer, 500)[estimator]
            assert value == pytest.approx(expected, rel=0, abs=TOLERANCE[dtype])
            assert 0.1 < expected < 0.9999


def extended_gram(x):
    """X X' of the values as they are, in extended precision (64 bits of mantissa on x86)."""
    values = x.numpy().astype(np.longdouble)
    return values @ values.T


def biased_by_definition(k, l):  # noqa: E741
    n = len(k)
    h = np.eye(n, dtype=np.longdouble) - np.longdouble(1) / n
    return (h @ k @ h * l).sum()


def debiased_by_definition(k, l):  # noqa: E741
    """Equation 5 of Song et al. (2012)."""
    n = len(k)
    k, l = (gram * (1 - np.eye(n)) for gram in (k, l))  # noqa: E741
    sums_k, sums_l = k.sum(axis=0), l.sum(axis=0)
    return (k * l).sum() + sums_k.sum() * sums_l.sum() / ((n - 1) * (n - 2)) - 2 * (sums_k @ sums_l) / (n - 2)


@pytest.mark.parametrize("layer", ["pool4", "logits"])
def test_is_the_definition_in_extended_precision(layers, exact, layer):
    sides = [x[:500] for x in layers[layer]]
    grams = [extended_gram(x) for x in sides]
    for name, definition in {"biased": biased_by_definition, "debiased": debiased_by_definition}.items():
        expected = float(cosine(definition, *grams))
        ours = linear_cka_matrices([x.double() for x in sides])[name][0, 1].item()
        assert ours == pytest.approx(expected, rel=0, abs=1e-13)
        assert exact(layer, 500)[name] == pytest.approx(expected, rel=0, abs=1e-13)
