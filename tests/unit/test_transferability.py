"""Transferability: T in closed forms, Fréchet distances and regressions."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import linalg, stats
from torch import nn

from repdrift.experiments.transferability import domains, measure
from repdrift.experiments.transferability.regression import regress
from repdrift.experiments.transferability.stages import transferability_of_networks as stage
from repdrift.experiments.transferability.within_layers import correlations
from repdrift.networks.building import build, initialise
from repdrift.networks.interpolation import interpolated
from repdrift.networks.representations import representations

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
LAYERS = ["conv1", "conv2", "conv3", "conv4"]
MEASURED = [*LAYERS, "head"]


def network(seed):
    made = build(NETWORK)
    initialise(made, "test", seed)
    return made


def between(first, second, share):
    """Network on the line between two."""
    made = build(NETWORK)
    made.load_state_dict(interpolated(first.state_dict(), second.state_dict(), share))
    return made


def compared(tuned, **references):
    found = pd.DataFrame(stage.rows_of_network(tuned, references)).set_index(["reference", "measure", "item"])
    return found["value"].sort_index()


# T


def test_an_unrelated_start_has_t_1():
    found = compared(network(1), init=network(2), pretrained=network(3), independent=network(4))
    for start in ("pretrained", "independent"):
        for name in ("T", "T by l2"):
            assert found[start, name].reindex([*MEASURED, "overall"]).to_numpy() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", ["T", "T by l2"])
def test_a_quarter_of_the_way_has_t_3(name):
    initial, start = network(1), network(2)
    tuned = between(start, initial, 0.25)
    found = compared(tuned, init=initial, pretrained=start, independent=initial)
    assert found["pretrained", name].to_numpy() == pytest.approx(3, rel=1e-5)
    assert found["independent", name].to_numpy() == pytest.approx(1)
    assert found["pretrained", f"ln {name}"][[*MEASURED, "overall"]].to_numpy() == pytest.approx(math.log(3), rel=1e-5)
    norms = {"conv2": initial.blocks[1].conv.weight - start.blocks[1].conv.weight, "start": start.blocks[1].conv.weight}
    moved = 0.25 * norms["conv2"].norm() / norms["start"].norm()
    assert found["pretrained", "movement", "conv2"] == pytest.approx(moved.item(), rel=1e-5)


def test_an_untouched_layer_has_infinite_t():
    initial, start = network(1), network(2)
    tuned = between(start, initial, 0.5)
    tuned.blocks[2].conv.weight.data.copy_(start.blocks[2].conv.weight)
    found = compared(tuned, init=initial, pretrained=start, independent=network(3))["pretrained"]
    assert found["T", "conv3"] == found["T", "overall"] == found["ln T", "conv3"] == math.inf
    assert found["T", "conv2"] == pytest.approx(1)
    assert not found["T"].isna().any()


def test_overall_is_the_mean_of_the_ratios_without_the_head():
    far, near = {"conv1": 2.0, "conv2": 9.0, "head": 50.0}, {"conv1": 1.0, "conv2": 3.0, "head": 1.0}
    assert measure.transferability(far, near)["overall"] == 2.5


def test_the_compared_weights_are_those_of_the_convolutions_and_of_the_head():
    made = network(1)
    kernels = {f"conv{number}": block.conv.weight for number, block in enumerate(made.blocks, 1)}
    found = measure.compared_weights(made)
    assert list(found) == [*LAYERS, "head"]
    for name, weight in {**kernels, "head": made.head.weight}.items():
        torch.testing.assert_close(found[name], weight.detach().flatten(), rtol=0, atol=0)


def test_batch_normalisation_and_biases_do_not_matter():
    initial, start, tuned = network(1), network(2), network(3)
    before = compared(tuned, init=initial, pretrained=start, independent=initial)
    for part in tuned.modules():
        if getattr(part, "bias", None) is not None:
            part.bias.data += 1
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data += 1
    pd.testing.assert_series_equal(before, compared(tuned, init=initial, pretrained=start, independent=initial))


# Gap and width


def draws(seed, count, width):
    generator = np.random.default_rng(seed)
    return generator.normal(seed, 1, (count, width)) @ generator.normal(size=(width, width))


def test_the_gap_is_that_of_matrix_square_roots():
    first, second = draws(1, 60, 12), draws(2, 90, 12)
    covariances = [np.cov(values.T) for values in (first, second)]
    shift = np.square(first.mean(0) - second.mean(0)).sum()
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    expected = shift + np.trace(covariances[0] + covariances[1] - 2 * root.real)
    assert domains.gap(first, second) == pytest.approx(expected, rel=1e-10)
    assert domains.width(first) == pytest.approx(np.trace(covariances[0]), rel=1e-12)


@pytest.mark.parametrize("count", [200, 8])
def test_equal_distributions_have_no_gap(count):
    values = draws(1, count, 30)
    generator = np.random.default_rng(0)
    assert domains.gap(values, generator.permutation(values)) == pytest.approx(0, abs=1e-10 * domains.width(values))
    # A shift alone is its square.
    assert domains.gap(values, values + 2) == pytest.approx(4 * 30)


def test_fewer_images_than_features_change_nothing():
    """Features within 6 of 40 dimensions have singular covariances, and the gap that they have in these 6."""
    first, second = draws(1, 20, 6), draws(2, 25, 6)
    frame, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(40, 6)))
    assert domains.gap(first @ frame.T, second @ frame.T) == pytest.approx(domains.gap(first, second), rel=1e-10)


def some_images(seed, brightness=0, count=64):
    generator = np.random.default_rng(seed)
    noise = generator.integers(0, 100, (count, 3, 8, 8)).repeat(4, 2).repeat(4, 3)
    return torch.from_numpy((noise + brightness).astype(np.uint8))


def test_the_gap_is_read_with_the_statistics_of_the_source():
    """Brighter images are another domain. Statistics of each domain itself would hide that."""
    source, same, brighter = some_images(1), some_images(2), some_images(3, brightness=120)
    own = network(1)
    features = list(stage.features(own, [source, same, brighter], source))
    gaps = [domains.gap(features[0], other) for other in features[1:]]
    assert gaps[1] > 3 * gaps[0]
    each = [
        representations(own, images, images)["pool4"].numpy().astype(np.float64) for images in (source, same, brighter)
    ]
    hidden = [domains.gap(each[0], other) for other in each[1:]]
    assert hidden[1] / hidden[0] < 0.5 * gaps[1] / gaps[0]
    # An independent route: the running statistics of a network that has seen the source alone.
    by_hand = network(1).train()
    for part in by_hand.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
    with torch.no_grad():
        for batch in source.split(32):
            by_hand(batch)
        expected = by_hand.eval().read_layers(brighter)["pool4"].flatten(1)
    assert features[2] == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-4)


# Regression


def test_one_predictor_is_a_straight_line():
    x, noise = np.random.default_rng(0).normal(3, 2, (2, 40))
    expected = stats.linregress(x, 2 * x + noise)
    found = regress(x[:, None], 2 * x + noise, [f"d{place}" for place in range(40)])
    assert found.coefficients == pytest.approx([expected.slope * x.std()])
    assert found.errors == pytest.approx([expected.stderr * x.std()], rel=0.2)  # a domain for each point
    assert found.explained == pytest.approx(expected.rvalue**2)


def test_errors_are_those_of_repeated_draws_of_domains():
    """Points of a domain share a predictor and some noise. The usual errors of least squares would be too small."""
    generator = np.random.default_rng(1)
    names = [f"d{place // 3}" for place in range(60)]
    shared = generator.normal(size=20).repeat(3)
    predictors = np.column_stack([shared, generator.normal(size=60)])
    fits = []
    for _ in range(400):
        noise = generator.normal(size=20).repeat(3) + 0.3 * generator.normal(size=60)
        fits.append(regress(predictors, predictors @ [1, -2] + noise, names))
    assert np.mean([fit.coefficients for fit in fits], 0) == pytest.approx([1, -2] * predictors.std(0), abs=0.03)
    spread = np.std([fit.coefficients for fit in fits], 0)
    found = np.sqrt(np.mean([fit.errors**2 for fit in fits], 0))
    assert (found / spread).tolist() == pytest.approx([1, 1], abs=0.25)
    alone = [f"p{place}" for place in range(60)]
    naive = regress(predictors, predictors @ [1, -2] + noise, alone).errors
    assert naive[0] < 0.8 * spread[0]


def test_what_the_points_cannot_tell_is_undefined():
    x = np.arange(8.0)
    outcome, names = np.random.default_rng(2).normal(size=8), list("aabbccdd")
    for predictors in (np.stack([x, 2 * x + 1], 1), np.stack([x, np.full(8, 0.1)], 1), np.ones((8, 1))):
        assert np.isnan(regress(predictors, outcome, names).coefficients).all()
    assert np.isnan(regress(x[:3, None] ** [1, 2], outcome[:3], names[:3]).errors).all()
    # Without one of two domains, the slope between them is not determined.
    between = regress(np.array([[0.0], [0.0], [1.0], [1.0]]), outcome[:4], ["a", "a", "b", "b"])
    assert np.isfinite(between.coefficients).all() and np.isnan(between.errors).all()


# Weights and representations


def test_correlations_are_within_layers():
    """Depth alone makes weights and representations go together. Within a layer they can go apart."""
    rows = [
        (f"t{target}", f"run{target}{run}", seed, layer, 10 * depth + run, 10 * depth - run)
        for target in (1, 2)
        for run in range(4)
        for seed in (1, 2)
        for depth, layer in enumerate(LAYERS)
    ]
    joint = pd.DataFrame(rows, columns=["images", "run", "seed", "item", "moved", "changed"])
    assert stats.spearmanr(joint["moved"], joint["changed"]).statistic > 0.7
    found = correlations(joint)
    assert found["value"].to_list() == pytest.approx([-1] * len(found))
    assert set(found["item"]) == set(LAYERS)
    assert found.groupby("images")["n"].unique().map(list).to_dict() == {"": [8], "t1": [4], "t2": [4]}
    assert set(correlations(joint[joint["run"].isin(["run10", "run11"])])["images"]) == set()
