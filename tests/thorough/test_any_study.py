"""Studies of other networks and images through the whole workflow, each by its config alone."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tests.checkout import Checkout
from torchvision import models

STUDY = """
study: any
seeds: [1, 2]
datasets:
  objects: {train: 96, test: 96}
  digits: {train: 96, test: 8}
source: {dataset: objects, train: "train[0:64]", test: "test[0:48]"}
pretrain: {epochs: 1, random: [0], sizes: [64], sizes_random: [0], checkpoints: [1]}
finetune:
  epochs: 1
  domain: {dataset: objects, train: "test[0:32]", test: "test[32:80]", random: [0, 9], shift: null}
  cross_domain: {dataset: digits, train: "train[0:32]", test: "train[32:80]", random: [0], shift: null}
  others: []
controls: {scratch: true, matched_steps: null, independent: true}
variants: {conv-bn-relu: null}
probe: {images: 48}
similarity: {estimators: [cka-biased], permutations: 5, halves: 4}
sensitivity: {images: [48], bn: [batch], estimators: [cka-biased], samples: 1, runs: main}
transfer: null
transferability: null
head2toe: null
"""
OWN = """
from torch import nn
from torch.nn import functional


class Plain(nn.Module):
    def __init__(self, classes, width):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, width, 3, 2), nn.Conv2d(width, width, 3, 2)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = functional.relu(self.second(functional.relu(self.first(x))))
        return self.head(x.mean((2, 3)))
"""
SEVEN = """
datasets: {leaves: {reader: npz, title: leaves, train: leaves.npz, split: {fraction: 0.4, seed: 1}, shuffle: 1}}
finetune:
  cross_domain: {dataset: leaves, train: "train[0:60]", test: "test[0:48]", random: [0, 6], shift: null}
"""
THREE = """
datasets: {photos: {reader: folder, title: photos, train: photos, split: {fraction: 0.4, seed: 1}, shuffle: 1}}
finetune:
  cross_domain: {dataset: photos, train: "train[0:60]", test: "test[0:48]", random: [0], shift: null}
"""
VIT = "{patch_size: 8, num_layers: 4, num_heads: 2, hidden_dim: 16, mlp_dim: 32, dropout: 0.1}"


def no_files(folder):
    """Studies of rendered images need none."""


def own_module(folder):
    (folder / "own.py").write_text(OWN)


def grey_images(folder):
    labels = np.arange(210) % 7
    images = np.random.default_rng(0).integers(0, 256, (210, 28, 28), dtype=np.uint8)
    np.savez(folder / "leaves.npz", X=images, y=np.array([f"species {label}" for label in labels]))


def pictures(folder):
    for number, name in enumerate(("cat", "dog", "owl")):
        (folder / "photos" / name).mkdir(parents=True)
        for place in range(60):
            colour = (100 * number, 4 * place, 255 - 4 * place)
            Image.new("RGB", (40 + place, 50), colour).save(folder / "photos" / name / f"{place}.png")


def given_weights(folder):
    torch.manual_seed(0)
    state = models.resnet18(num_classes=5).state_dict()
    torch.save({f"module.{name}": value for name, value in state.items()}, folder / "given.pt")


def change(network, **others):
    return "".join(f"{key}: {value}\n" for key, value in {"network": network, **others}.items())


CASES = {
    "resnet": (no_files, change("{name: 'torchvision:resnet18', arguments: {stem: small}}"), "layer4"),
    "vit": (no_files, change(f"{{name: 'torchvision:VisionTransformer', arguments: {VIT}}}"), "encoder.ln"),
    "own module without BN": (own_module, change("{name: 'own.py:Plain', arguments: {width: 8}}"), "second"),
    "grey images of seven classes": (grey_images, SEVEN, "pool4"),
    "pictures of three classes": (pictures, THREE, "pool4"),
    "given weights": (
        given_weights,
        change("{name: 'torchvision:resnet18', layers: ['layer[24]', 'layer4.1.add']}",
               weights="{file: given.pt, prefix: module.}"),
        "layer4.1.add",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_study_is_what_its_config_says(name, tmp_path):
    prepare, changes, layer = CASES[name]
    checkout = Checkout(tmp_path)
    prepare(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "change.yaml").write_text(changes)
    configs = ("--configfile", "study.yaml", "change.yaml")
    checkout.snakemake("fig4", "fig5", "controls", "report", "--cores", "2", *configs)
    table = pd.read_csv(tmp_path / "results" / "any" / "tables" / "fig5.csv")
    assert layer in set(table["layer"])
    assert table["value"].between(0, 1 + 1e-9).all()
    claims = pd.read_csv(tmp_path / "results" / "any" / "claims.csv")
    assert {"G8", "G14", "G15"} <= set(claims["claim"])
    # With given weights, nothing is said of networks that the study does not train.
    assert ("G1" in set(claims["claim"])) == (name != "given weights")
    again = checkout.snakemake("fig4", "fig5", "controls", "report", "-n", *configs)
    assert "Nothing to be done" in again.output
    assert " as they were made" in checkout.repdrift("verify", "results/any").output


def test_the_code_of_ones_own_network_is_part_of_what_is_trained(tmp_path):
    checkout = Checkout(tmp_path)
    own_module(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY + CASES["own module without BN"][1])
    target = "results/any/models/objects/seed1/final.safetensors"
    checkout.snakemake(target, "--cores", "1", "--configfile", "study.yaml")
    nothing = checkout.snakemake(target, "-n", "--configfile", "study.yaml")
    assert "Nothing to be done" in nothing.output
    (tmp_path / "own.py").write_text(OWN.replace("functional.relu(self.first", "functional.gelu(self.first"))
    planned = checkout.snakemake(target, "-n", "--configfile", "study.yaml").output
    assert "initialise" in planned
    assert "pretrain_source" in planned
    layers = checkout.repdrift("layers", "--configfile", "study.yaml").output
    assert "second  8 x 7 x 7" in layers or "* second" in layers


def test_a_new_study_is_written_with_its_forecast(tmp_path):
    checkout = Checkout(tmp_path)
    pictures(tmp_path)
    words = ("--source", "objects", "--targets", "folder:photos", "--network", "torchvision:resnet18", "--seeds", "1")
    said = checkout.repdrift("new", "mine", *words).output
    assert "mine.yaml: written" in said
    assert "core-hours" in said or "core-minutes" in said
    assert "6 trainings" in said
    refused = checkout.repdrift("new", "mine", *words, check=False)
    assert refused.returncode == 1
    assert "mine.yaml is there already" in refused.output
