"""The worked examples of docs/own-data.md are run as printed, as far as the tasks that networks are trained on."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.checkout import REPOSITORY, Checkout

from repdrift.study.config import load

PAGE = (REPOSITORY / "docs" / "own-data.md").read_text()
EXAMPLES = {name: text for text, name in re.findall(r"```yaml\n(# (\w+)\.yaml\n.*?)```", PAGE, re.DOTALL)}
SPECIES = ["ash", "beech", "birch", "elm", "lime", "maple", "oak"]
RNG = np.random.default_rng(0)


def leaves(folder):
    """Save the files by the code of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    order = RNG.permutation(np.arange(700) % 7)
    images = RNG.integers(0, 256, (700, 28, 28), dtype=np.uint8)
    names = {"images": images, "species": np.array(SPECIES)[order]}
    code = code.replace('savez("', f'savez("{folder}/')
    exec(compile(code, "docs/own-data.md", "exec"), names)


def cells(folder):
    labels = np.sort(np.arange(600) % 4) + 1
    np.savez(folder / "cells.npz", X=RNG.random((600, 40, 48, 3)), y=labels)


def photos(folder):
    for number, name in enumerate(("cat", "dog", "horse")):
        (folder / "photos" / name).mkdir(parents=True)
        for place in range(100):
            picture = Image.new("RGB", (50 + place, 120 - place), (100 * number, place, 0))
            picture.save(folder / "photos" / name / f"{place}.png")


def clothes(folder):
    raw = folder / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", 1200), ("t10k", 1100)):
        images = RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = [np.array(values, ">u4").tobytes() for values in ([0x803, count, 28, 28], [0x801, count])]
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(header[0] + images.tobytes())
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(header[1] + bytes(place % 10 for place in range(count)))


@pytest.fixture
def checkout(tmp_path):
    """A clone whose folder `data` is its own, with rendered images in the place of the downloaded ones."""
    (tmp_path / "data").mkdir()
    made = Checkout(tmp_path)
    (tmp_path / "rendered.yaml").write_text(
        "datasets: {cifar10: {reader: objects, train: 4096, test: 6000}}\n", encoding="utf-8"
    )
    return made


FOUND = {
    "leaves": (leaves, SPECIES, {"train": 490, "test": 210}),
    "cells": (cells, [1, 2, 3, 4], {"train": 420, "test": 180}),
    "photos": (photos, ["cat", "dog", "horse"], {"train": 180, "test": 120}),
    "clothes": (clothes, list(range(10)), {"train": 1200, "test": 1100}),
}


def test_every_example_is_run():
    assert set(EXAMPLES) == set(FOUND)


@pytest.mark.parametrize("name", FOUND)
def test_an_example_runs_as_printed(name, checkout):
    prepare, classes, sizes = FOUND[name]
    prepare(checkout.folder)
    (checkout.folder / f"{name}.yaml").write_text(EXAMPLES[name])
    (command,) = re.findall(rf"snakemake (.* {name}\.yaml)", PAGE)
    targets, configs = command.split(" --configfile ")
    flags = ("--until", "task", "--cores", "1")
    checkout.snakemake(*targets.split(), *flags, "--configfile", *configs.split(), "rendered.yaml")
    config = load([checkout.folder / f"{name}.yaml"])
    (dataset,) = config["datasets"]
    for split, size in sizes.items():
        (path,) = (checkout.folder / "results" / "datasets").glob(f"{dataset}-*/{split}.classes.csv")
        found = pd.read_csv(path)
        assert found["label"].tolist() == classes
        assert found["images"].sum() == size
    for path in (checkout.folder / "results" / config["study"] / "tasks").glob(f"target-{dataset}/*.npz"):
        with np.load(path) as arrays:
            assert set(arrays["train_label"]) == set(range(len(classes)))


def test_an_error_of_a_data_set_comes_before_trainings_and_last_on_the_screen(checkout):
    images = np.zeros((600, 8, 8))
    images[500] = 255  # beyond what a look at the file reads
    np.savez(checkout.folder / "late.npz", X=images, y=np.arange(600) % 10)
    (checkout.folder / "late.yaml").write_text(
        "study: late\n"
        "datasets: {late: {reader: npz, title: late, train: late.npz, split: {fraction: 0.3, seed: 1}}}\n"
        'finetune: {cross_domain: {dataset: late, train: "train[0:400]", test: "test[0:180]"}}\n'
    )
    configs = ("presets/own-data.yaml", "late.yaml", "rendered.yaml")
    # Without the default profile, Snakemake stops at the first error.
    flags = ("--cores", "1", "--workflow-profile", "none", "--configfile", *configs)
    done = checkout.snakemake("fig4", *flags, check=False)
    assert done.returncode == 1
    (line,) = re.findall(r"What failed:\n  (.*)\n", done.output)
    error = "error: late.npz: X is float64 with values from 0 to 255: give uint8 from 0 to 255, or floats from 0 to 1"
    assert re.fullmatch(r"results/logs/datasets/late-\w+/(train|test)\.log: " + re.escape(error), line)
    assert not list(checkout.folder.glob("results/late/models/**/history.csv"))
