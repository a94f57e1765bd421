"""The comparison of a study with the numbers that the authors published."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from repdrift import figures
from repdrift.canonical import canonical
from repdrift.claims.contrasts import HistoryOf
from repdrift.experiments.drift.figures import validation as drawing
from repdrift.experiments.drift.specs import ValidationSpec
from repdrift.experiments.drift.stages.compare_with_published import COLUMNS, compared
from repdrift.experiments.drift.validation import NUMBERS, counterparts
from repdrift.provenance.artifacts import write_csv
from repdrift.study.sections import parse
from repdrift.study.study import Study

PUBLISHED = pd.read_csv(NUMBERS)


def found(load_config, *presets, **changes):
    return counterparts(Study(parse(load_config(*presets) | changes)))


def test_the_laptop_study_has_all_published_numbers(load_config):
    pairs = found(load_config, "laptop", "svhn-npz")
    keys = {(one.phase, one.dataset, one.labels, one.images) for one in pairs}
    published = set(PUBLISHED[["phase", "dataset", "labels", "images"]].itertuples(index=False, name=None))
    assert keys == published
    assert len(pairs) == len(keys) == 15
    # Our SVHN is another split, read from an npz file.
    assert {one.dataset: one.same_images for one in pairs} == {"cifar10": True, "svhn": False}
    assert all(one.same_images for one in found(load_config, "laptop"))


def test_other_regimes_are_not_compared(load_config):
    # The paper's fine-tuned networks were pre-trained on all images; only training on a subset is the same.
    assert {one.phase for one in found(load_config)} == {"scratch"}
    assert found(load_config, "demo") == ()
    config = load_config("laptop")
    for section, key, value in (
        ("network", "arguments", {"block": "conv-bn-relu"}), ("probe", "images", 400), ("probe", "bn", "calibrated"),
        ("pretrain", "epochs", 100), ("similarity", "estimators", ["cka-debiased"]),
    ):  # fmt: skip
        assert found(load_config, "laptop", **{section: config[section] | {key: value}}) == (), key
    fewer = config["finetune"] | {"epochs": 20}
    assert {one.phase for one in found(load_config, "laptop", finetune=fewer)} == {"scratch"}


def test_trainings_without_published_numbers_are_not_compared(load_config):
    config = load_config("laptop")
    sizes = config["pretrain"] | {"sizes": [50, 4096]}
    assert [one.images for one in found(load_config, "laptop", pretrain=sizes) if one.phase == "scratch"] == [4096]
    # The authors published no number of 50,000 images, so such a study has no figure `validation`.
    whole = load_config("core")
    assert found(load_config, "core", pretrain=whole["pretrain"] | {"sizes": [50000]}) == ()
    target = config["finetune"]["domain"] | {"random": [0, 3]}
    pairs = found(load_config, "laptop", finetune=config["finetune"] | {"domain": target})
    tuned = [one.labels for one in pairs if (one.phase, one.dataset) == ("finetune", "cifar10")]
    assert tuned == ["random 0", "shift"]


def test_every_published_number_of_a_counterpart_is_compared(load_config):
    pairs = found(load_config, "laptop")
    one = next(pair for pair in pairs if (pair.phase, pair.labels) == ("finetune", "random 0"))
    values = {
        "pool1": [0.99, 0.992],
        "pool2": [0.97, 0.97],
        "pool3": [0.9, 0.92],
        "pool4": [0.6, 0.62],
        "logits": [0.7, 0.7],
    }
    rows = [(one.run, reference, seed, layer, value[seed] if reference == one.reference else 0.0)
            for layer, value in values.items() for seed in (0, 1) for reference in ("init", "pretrained")]  # fmt: skip
    similarity = pd.DataFrame(rows, columns=["run", "reference", "seed", "layer", "value"])
    columns = {"epoch": [0, 1, 2], "train_accuracy": [10, 90, 100.0], "train_loss": [2, 1, 0.004]}
    histories = [pd.DataFrame(columns | {"test_accuracy": [10, 59.0 + seed, None]}) for seed in (0, 1)]
    table = pd.DataFrame(compared(one, PUBLISHED, similarity, histories)).set_index("measure")
    assert list(table.index) == [*values, "test_accuracy", "train_accuracy", "train_loss"]
    pool3 = table.loc["pool3"]
    assert (pool3["mean"], pool3["published"], pool3["seeds"]) == (pytest.approx(0.91), 0.917, 2)
    combined = math.sqrt((0.02 / math.sqrt(2) / math.sqrt(2)) ** 2 + 0.002**2 + (0.0005 / math.sqrt(3)) ** 2)
    assert pool3["errors"] == pytest.approx(-0.007 / combined)
    assert table.loc["test_accuracy", "mean"] == 59.5


def test_the_figure_shows_every_number(load_config, tmp_path):
    random = np.random.default_rng(1)
    rows = []
    for one in found(load_config, "laptop", "svhn-npz"):
        same = (PUBLISHED["phase"] == one.phase) & (PUBLISHED["dataset"] == one.dataset)
        same &= (PUBLISHED["labels"] == one.labels) & (PUBLISHED["images"] == one.images)
        for row in PUBLISHED[same].to_dict("records"):
            errors = random.normal()
            cells = (row["phase"], row["dataset"], row["labels"], row["images"], row["measure"], row["mean"], row["se"],
                     row["mean"], row["se"], 4, 0.0, errors, int(one.same_images))  # fmt: skip
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    write_csv(tmp_path / "table.csv", rows, COLUMNS)
    figure = figures.draw(tmp_path / "table.csv", "validation", "conv4")
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    assert sum("\n" in text for text in texts) == 120
    assert sum("SVHN*" in text for text in texts) == 5
    assert drawing.label(
        {"phase": "finetune", "dataset": "cifar10", "labels": "shift", "images": 5000, "same_images": 1}
    ) == ("fine-tuned, CIFAR-10, shifted, N = 5,000")


def test_a_single_seed_stands_above_the_published_mean(tmp_path):
    cells = ("scratch", "cifar10", "random 0", 64, "pool1", 0.75, 0.01, 0.5, None, 1, -0.25, None, 1)
    write_csv(tmp_path / "table.csv", [dict(zip(COLUMNS, cells, strict=True))], COLUMNS)
    figure = figures.draw(tmp_path / "table.csv", "validation", "conv4")
    assert "0.500\n(0.750)" in [text.get_text() for text in figure.axes[0].texts]
    said = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert said == "1 seed here, 5 seeds of the authors \u00b7 in parentheses, the authors' mean \u00b7 conv4"


def test_the_program_compares_the_files_of_a_study(load_config, tmp_path):
    pair = next(one for one in found(load_config, "laptop") if one.phase == "scratch")
    rows = [
        (pair.run, 11, "init", layer, "cka-biased", 0.5) for layer in ("pool1", "pool2", "pool3", "pool4", "logits")
    ]
    table = pd.DataFrame(rows, columns=["run", "seed", "reference", "layer", "estimator", "value"])
    table.to_csv(tmp_path / "similarity.csv", index=False)
    history = pd.DataFrame({"epoch": [1], "test_accuracy": [20.0], "train_accuracy": [100.0], "train_loss": [0.003]})
    history.to_csv(tmp_path / "history.csv", index=False)
    spec = ValidationSpec((pair,), (HistoryOf(pair.run, 11),), "cka-biased")
    words = ["--spec", canonical(spec), "--published", str(NUMBERS), "--similarities", "similarity.csv",
             "--histories", "history.csv", "--output", "table.csv"]  # fmt: skip
    command = [sys.executable, "-m", "repdrift.stages", "compare_with_published", *words]
    subprocess.run(command, cwd=tmp_path, check=True)
    made = pd.read_csv(tmp_path / "table.csv").set_index("measure")
    assert made.loc["pool4", "difference"] == pytest.approx(0.5 - 0.782)
    # One seed has no standard error, so the difference cannot be expressed in standard errors.
    assert made["errors"].isna().all() and made["se"].isna().all()
    assert (tmp_path / "table.csv.json").exists()
