"""Decodability: known answers of constructed networks in the table and in the figure."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from tests.unit.trainings import settings, tensors

from repdrift import figures
from repdrift.canonical import canonical
from repdrift.data import rendered
from repdrift.experiments.decodability.specs import Counts, ProbesSpec, Tuned
from repdrift.experiments.decodability.stages import decodability_of_networks as stage
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.networks.representations import representations
from repdrift.similarity.registry import estimator
from repdrift.training.training import train

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
LAYERS = ["pool1", "pool2", "pool3", "pool4", "logits"]
FITTED, HELD_OUT = 320, 256
LOUD = 20.0  # how much louder than the others the first channel of the last block is
SERIES = {"rotated": "d = 0", "projected": "d = 9", "reinitialised": "shifted labels"}


# Constructed networks


def network(seed):
    made = build(NETWORK)
    initialise(made, "initialisation", seed)
    return made


def copied(other):
    made = build(NETWORK)
    made.load_state_dict(other.state_dict())
    return made


def pretrained_network():
    """A trained conv4 whose last block has a loud channel. The head undoes it, so the network computes the same."""
    made = network(1)
    data = tensors(*rendered.render("objects", "train", 640))
    train(made, data, data, settings(8 * 20, test_every=8), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        made.blocks[-1].bn.weight[0] *= LOUD
        made.blocks[-1].bn.bias[0] *= LOUD
        made.head.weight.view(10, 64, 4)[:, 0] /= LOUD
    return made


@torch.no_grad()
def rotated_network(pretrained):
    """A copy whose layers are rotated.

    Between the convolutions of conv4 there are a ReLU, a normalisation of each channel and a maximum. Of the
    orthogonal mixings of channels, these let the permutations through, and the next convolution undoes them. After the
    logits nothing follows, so they are mixed by a random rotation.
    """
    made, before = copied(pretrained), None
    generator = torch.Generator().manual_seed(0)
    for block in made.blocks:
        order = torch.randperm(64, generator=generator)
        if before is not None:
            block.conv.weight.copy_(block.conv.weight[:, before])
        for values in (block.conv.weight, block.conv.bias, *block.bn.parameters(), *block.bn.buffers()):
            if values.ndim:
                values.copy_(values[order])
        before = order
    weight = made.head.weight.view(10, 64, 4)
    weight.copy_(weight[:, before])
    rotation, _ = torch.linalg.qr(torch.randn(10, 10, generator=generator))
    made.head.weight.copy_(rotation @ made.head.weight)
    made.head.bias.copy_(rotation @ made.head.bias)
    return made


@torch.no_grad()
def projected_network(pretrained):
    """A copy of whose last block only the loud channel is left: 4 directions of 256, with most of the variance."""
    made = copied(pretrained)
    made.blocks[-1].bn.weight[1:] = 0
    made.blocks[-1].bn.bias[1:] = 0
    return made


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The table of the real program, the networks, and the images and labels of source and target."""
    folder = tmp_path_factory.mktemp("decodability")
    pretrained = pretrained_network()
    networks = {
        "init": network(1),
        "pretrained": pretrained,
        "rotated": rotated_network(pretrained),
        "projected": projected_network(pretrained),
        "reinitialised": network(2),
    }
    for name, made in networks.items():
        checkpoints.write(made, folder / f"{name}.safetensors")
    random = np.random.default_rng(0)
    images, labels = {}, {}
    for kind, start in (("source", 0), ("target", 1000)):
        pixels, true = rendered.render("objects", "test", start + 1000)
        images[kind], labels[kind] = torch.from_numpy(pixels[start:]), true[start:]
        save_file({"images": images[kind]}, folder / f"{kind}.safetensors")
    drawn = random.integers(0, 10, 1000)
    tasks = {"source": labels["source"], "rotated": labels["target"], "projected": drawn, "reinitialised": drawn}
    for name, trained in tasks.items():
        true = labels["source" if name == "source" else "target"]
        arrays = {}
        for part, rows in (("train", np.arange(400)), ("test", np.arange(500, 1000))):
            arrays |= {f"{part}_index": rows, f"{part}_label": trained[rows], f"{part}_true_label": true[rows]}
        np.savez(folder / f"{name}.npz", **arrays)
    counts = Counts(FITTED, HELD_OUT, None)
    tuned = tuple(Tuned(run, series) for run, series in SERIES.items())
    spec = ProbesSpec("objects", 1, NETWORK, tuned, counts, counts, penalty=1e-6, reduce="none")
    files = [folder / f"{kind}.safetensors" for kind in ("source", "source", "target", "target")]
    words = ["--spec", canonical(spec), "--output", folder / "table.csv", "--images", *files]
    words += ["--networks", *(folder / f"{name}.safetensors" for name in networks)]
    words += ["--tasks", folder / "source.npz", *(folder / f"{name}.npz" for name in tasks)]
    before, sys.argv = sys.argv, ["decodability_of_networks", *map(str, words)]
    try:
        stage.main()
    finally:
        sys.argv = before
    return pd.read_csv(folder / "table.csv", keep_default_na=False, na_values={"value": "nan"}), networks, images, tasks


@pytest.fixture(scope="module")
def table(world):
    return world[0]


def numbers(table, network, measure, *, labels="source", part="held out", reference=""):
    """The numbers of a network by layer."""
    rows = table[(table["network"] == network) & (table["measure"] == measure) & (table["labels"] == labels)]
    rows = rows[(rows["part"] == part) & (rows["reference"] == reference)]
    assert list(rows["layer"]) == LAYERS
    return rows.set_index("layer")["value"].astype(float)


@pytest.fixture(scope="module")
def similarities(world):
    """The linear CKA of each network to the pre-trained one, by network and layer."""
    _, networks, images, _ = world
    cka = estimator("cka-biased")
    read = {name: representations(made, images["source"][:320]) for name, made in networks.items()}
    return {
        name: {
            layer: cka.compare(cka.prepare(values), cka.prepare(read["pretrained"][layer]))
            for layer, values in layers.items()
        }
        for name, layers in read.items()
    }


def test_a_rotated_copy_has_cka_1_and_full_decodability(table, similarities):
    assert list(similarities["rotated"].values()) == pytest.approx([1] * 5, abs=1e-4)
    for labels in ("source", "target"):
        for part in ("fitted", "held out"):
            ours, theirs = (
                numbers(table, name, "accuracy", labels=labels, part=part) for name in ("rotated", "pretrained")
            )
            assert (ours - theirs).abs().max() <= 100 / HELD_OUT  # rounding may change one image
    assert numbers(table, "rotated", "kappa", reference="pretrained").min() > 0.97
    assert numbers(table, "rotated", "disagreement", reference="pretrained").max() < 0.02
    assert numbers(table, "rotated", "share left").dropna().to_numpy() == pytest.approx(1, abs=0.2)


def test_a_projected_layer_has_a_high_cka_and_a_low_decodability(table, similarities):
    assert similarities["projected"]["pool4"] > 0.95
    accuracy = {name: numbers(table, name, "accuracy")["pool4"] for name in ("init", "pretrained", "projected")}
    assert accuracy["projected"] < accuracy["init"] < accuracy["pretrained"] - 10
    assert numbers(table, "projected", "share left")["pool4"] < 0
    assert numbers(table, "projected", "kappa", reference="pretrained")["pool4"] < 0.4
    for layer in LAYERS[:3]:  # the layers before are the same
        assert similarities["projected"][layer] == pytest.approx(1)
        assert numbers(table, "projected", "disagreement", reference="pretrained")[layer] == 0


def test_a_re_initialised_network_has_neither(table, similarities):
    assert similarities["reinitialised"]["pool4"] < 0.8
    assert abs(numbers(table, "reinitialised", "share left")["pool4"]) < 0.35
    assert numbers(table, "reinitialised", "kappa", reference="pretrained")["pool4"] < 0.6


def test_the_figure_tells_the_three_networks_apart(table, tmp_path):
    table.assign(images="rendered objects").to_csv(tmp_path / "table.csv", index=False)
    figure = figures.draw(tmp_path / "table.csv", "decodability", "conv4")
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert [label.split("\n")[0] for label in labels] == [
        "source labels,", "target labels,", "share of pre-trained", "kappa with",
    ]  # fmt: skip
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["initial", "pre-trained", *SERIES.values()]
    left = {line.get_marker(): line for line in figure.axes[2].lines if line.get_marker() in ("^", "D", "v")}
    shown = {name: left[marker].get_ydata()[-2] for name, marker in zip(SERIES, "^Dv", strict=True)}
    for name, value in shown.items():
        assert value == pytest.approx(numbers(table, name, "share left")["pool4"])
    assert shown["projected"] < -0.2 < shown["reinitialised"] < 0.35
    assert shown["rotated"] > 0.8
    colours = [line.get_color() for line in figure.axes[0].lines if line.get_linewidth() == 0.9]
    assert len(set(map(str, colours))) == 5


# The table


def test_accuracies_are_those_of_scikit_learn_on_the_features(world):
    table, networks, images, tasks = world
    chosen = torch.cat([images["target"][:FITTED], images["target"][500 : 500 + HELD_OUT]])
    labels = np.concatenate([tasks["reinitialised"][:FITTED], tasks["reinitialised"][500 : 500 + HELD_OUT]])
    x = representations(networks["reinitialised"], chosen)["pool3"].double().numpy()
    x -= x[:FITTED].mean(0)
    x /= np.sqrt(np.square(x[:FITTED]).sum(1).mean())
    probe = LogisticRegression(C=1e6 / FITTED, tol=1e-9, max_iter=100_000).fit(x[:FITTED], labels[:FITTED])
    right = probe.predict(x) == labels
    for part, rows in (("fitted", slice(None, FITTED)), ("held out", slice(FITTED, None))):
        found = numbers(table, "reinitialised", "accuracy", labels="trained", part=part)["pool3"]
        assert found == pytest.approx(100 * right[rows].mean(), abs=0.1)
        chance = np.bincount(labels[rows]).max() / len(labels[rows])
        corrected = numbers(table, "reinitialised", "chance-corrected accuracy", labels="trained", part=part)["pool3"]
        assert corrected == pytest.approx((found / 100 - chance) / (1 - chance))


def test_labels_that_are_the_true_ones_are_not_probed_twice(table):
    found = table.groupby("network")["labels"].unique()
    for name in ("init", "pretrained", "rotated"):
        assert set(found[name]) == {"source", "target"}
    assert set(found["projected"]) == {"source", "target", "trained"}


def test_random_labels_can_be_fitted_and_not_predicted(table):
    """The 320 images are fewer than the units of the first layers."""
    fitted, held_out = (
        numbers(table, "projected", "accuracy", labels="trained", part=part) for part in ("fitted", "held out")
    )
    assert fitted["pool1"] == 100
    assert held_out.max() < 20


def test_the_reference_networks_are_compared_too_and_no_network_with_itself(table):
    rows = table[table["measure"] == "kappa"]
    pairs = set(zip(rows["network"], rows["reference"], strict=True))
    tuned = {(name, reference) for name in SERIES for reference in ("init", "pretrained")}
    assert pairs == tuned | {("init", "pretrained")}
    assert not table.duplicated([*("network", "reference", "layer", "labels", "part", "measure")]).any()
