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
seeds: [1]
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
movement: null
decodability: null
grounding: null
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
VIT = "{patch_size: 8, num_layers: 4, num_heads: 2, hidden_dim: 16, mlp_dim: 32, dropout: 0.1}"


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


NETWORKS = f"""
network: {{arguments: {{width: 8}}}}
variants:
  resnet: {{network: {{name: "torchvision:resnet18", arguments: {{stem: small}}}}}}
  vit: {{network: {{name: "torchvision:VisionTransformer", arguments: {VIT}}}}}
  own: {{network: {{name: "own.py:Plain", arguments: {{width: 8}}}}}}
"""
LAST_HIDDEN = {"conv-relu-bn, width 8": "pool4", "resnet": "avgpool", "vit": "encoder.ln", "own": "second"}
GIVEN = """
network: {name: "torchvision:resnet18", layers: ["layer[24]", "layer4.1.add"]}
weights: {file: given.pt, prefix: module.}
datasets:
  leaves: {reader: npz, title: leaves, train: leaves.npz, split: {fraction: 0.5, seed: 1}, shuffle: 1}
  photos: {reader: folder, title: photos, train: photos, split: {fraction: 0.4, seed: 1}, shuffle: 1}
finetune:
  domain: {dataset: leaves, train: "train[0:64]", test: "test[0:64]", random: [0, 6], shift: null}
  cross_domain: {dataset: photos, train: "train[0:64]", test: "test[0:48]", random: [0], shift: null}
"""


@pytest.fixture
def checkout(tmp_path):
    own_module(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY)
    return Checkout(tmp_path)


def run(checkout, changes, *targets):
    """Run a study, and check that nothing is left to do and that its files are as they were made."""
    (checkout.folder / "change.yaml").write_text(changes)
    configs = ("--configfile", "study.yaml", "change.yaml")
    checkout.snakemake(*targets, "--cores", "2", *configs)
    assert "Nothing to be done" in checkout.snakemake(*targets, "-n", *configs).output
    assert checkout.repdrift("verify", "results/any").returncode == 0


def test_networks_of_four_kinds_by_config_alone(checkout):
    run(checkout, NETWORKS, "networks")
    table = pd.read_csv(checkout.folder / "results/any/tables/networks.csv")
    # The head of torchvision's vision transformers begins at 0, so their initial logits have no similarity.
    undefined = table["value"].isna()
    assert set(table.loc[undefined, "series"]) == {"vit"}
    assert set(table.loc[undefined, "layer"]) == {"logits"}
    assert table["value"].dropna().between(0, 1 + 1e-9).all()
    for label, layer in LAST_HIDDEN.items():
        assert layer in set(table.loc[table["series"] == label, "layer"])
    sizes = table.groupby("series")["parameters"].first()
    assert sizes.idxmax() == "resnet"
    contrasts = pd.read_csv(checkout.folder / "results/any/tables/networks_claims.csv", keep_default_na=False)
    assert set(contrasts.loc[contrasts["claim"] == "G15n", "layer"]) == set(LAST_HIDDEN)


def test_another_precision_by_config_alone(checkout):
    """All runs are trained again, from the same weights; the figures and the claims of equality are made."""
    run(checkout, "variants: {bfloat16: {training: {precision: bfloat16}, runs: all}}", "precision")
    results = checkout.folder / "results/any"
    table = pd.read_csv(results / "tables/precision.csv", low_memory=False)
    both = table.groupby("training")["precision"].unique()
    assert all(set(found) == {"float32", "bfloat16"} for found in both)
    weights = [results / f"models/{folder}init/seed1/init.safetensors" for folder in ("", "bfloat16/")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    final = [results / f"models/{folder}objects/seed1/final.safetensors" for folder in ("", "bfloat16/")]
    assert final[0].read_bytes() != final[1].read_bytes()
    contrasts = pd.read_csv(results / "tables/precision_claims.csv", keep_default_na=False)
    assert {"P1", "P2", "G8p", "G15p"} <= set(contrasts["claim"])
    assert (contrasts["equal"] == 1).all()


def test_given_weights_and_images_of_other_numbers_of_classes(checkout):
    grey_images(checkout.folder)
    pictures(checkout.folder)
    given_weights(checkout.folder)
    run(checkout, GIVEN, "fig4", "fig5", "report")
    table = pd.read_csv(checkout.folder / "results/any/tables/fig5.csv")
    assert set(table["layer"]) == {"layer2", "layer4", "layer4.1.add", "logits"}
    claims = pd.read_csv(checkout.folder / "results/any/claims.csv")
    assert {"G8", "G14", "G15"} <= set(claims["claim"])
    # Nothing is said of networks that the study does not train.
    assert "G1" not in set(claims["claim"])
    page = (checkout.folder / "results/any/report.html").read_text()
    assert "This study begins with given weights: given.pt." in page
    models_made = {path.parent.parent.name for path in checkout.folder.glob("results/any/models/*/*/final.safetensors")}
    assert models_made == {
        "weights", "weights+leaves", "weights+leaves-random6", "weights+photos", "init+leaves-random6"
    }  # fmt: skip


def test_the_code_of_ones_own_network_is_part_of_what_is_trained(checkout, tmp_path):
    (tmp_path / "study.yaml").write_text(f"{STUDY}network: {{name: 'own.py:Plain', arguments: {{width: 8}}}}\n")
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


def test_a_new_study_is_written_with_its_forecast(checkout, tmp_path):
    pictures(tmp_path)
    words = ("--source", "objects", "--targets", "folder:photos", "--network", "torchvision:resnet18", "--seeds", "1")
    said = checkout.repdrift("new", "mine", *words).output
    assert "mine.yaml: written" in said
    assert "core-hours" in said or "core-minutes" in said
    assert "6 trainings" in said
    refused = checkout.repdrift("new", "mine", *words, check=False)
    assert refused.returncode == 1
    assert "mine.yaml is there already" in refused.output
