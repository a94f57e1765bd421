"""The program behind figure `sensitivity`: every number equals one that is computed from a network read on its own."""

import sys

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from repdrift.canonical import canonical
from repdrift.data import rendered
from repdrift.experiments.drift.specs import ComparedRun, SensitivitySpec, UsualMeasurement
from repdrift.experiments.drift.stages import sensitivity_of_runs as stage
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.networks.representations import representations
from repdrift.similarity.registry import estimator
from repdrift.study.tasks import Part

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 4, "width": 6, "size": 16}
NAMES = ("init/init", "a/final", "b/final")
ESTIMATORS = ("cka-biased", "cka-debiased", "rsa-spearman", "procrustes")
SPEC = SensitivitySpec(
    # The final network of run a is the reference of run b, as a pre-trained network is that of a fine-tuned one.
    runs=(
        ComparedRun("a", "a/final", {"init": "init/init"}),
        ComparedRun("b", "b/final", {"init": "init/init", "pretrained": "a/final"}),
    ),
    networks=NAMES,
    seed=1,
    role="source",
    network=NETWORK,
    probe=Part("test", 0, 96),
    calibration=Part("train", 0, 64),
    usual=UsualMeasurement(40, "batch"),
    sizes=(24, 40, 96),
    samples=2,
    bn=("batch", "calibrated"),
    estimators=ESTIMATORS,
    permutations=12,
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The table, the networks and the images."""
    folder = tmp_path_factory.mktemp("sensitivity")
    images = {}
    for split, count in (("train", 64), ("test", 96)):
        pixels, _ = rendered.render("objects", split, count)
        images[split] = torch.from_numpy(pixels)[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)
        save_file({"images": images[split].contiguous()}, folder / f"{split}.safetensors")
    networks, paths = {}, []
    for seed, name in enumerate(NAMES):
        networks[name] = build(NETWORK)
        initialise(networks[name], "initialisation", seed)
        paths.append(folder / f"{seed}.safetensors")
        checkpoints.write(networks[name], paths[-1])
    words = ["--spec", canonical(SPEC), "--networks", *map(str, paths), "--images"]
    words += [str(folder / f"{split}.safetensors") for split in images] + ["--output", str(folder / "table.csv")]
    before, sys.argv = sys.argv, ["sensitivity_of_runs", *words]
    try:
        stage.main()
    finally:
        sys.argv = before
    return pd.read_csv(folder / "table.csv"), networks, images


def test_there_is_a_row_for_every_choice(measured):
    table, *_ = measured
    pairs, layers = 3, 5
    few = len(SPEC.bn) * 2 * len(ESTIMATORS) + len(ESTIMATORS)  # two sizes in both modes, and the second sample
    many = len(SPEC.bn) * 2  # linear CKA alone
    assert len(table) == pairs * layers * (few + many)
    assert not table.duplicated(["run", "reference", "layer", "estimator", "n", "bn", "sample"]).any()
    assert list(table["run"].unique()) == ["a", "b"]
    assert set(table.loc[table["usual"] == 1, ["n", "bn", "sample"]].itertuples(index=False, name=None)) == {
        (40, "batch", 1)
    }


def test_values_are_those_of_networks_that_are_read_one_by_one(measured):
    table, networks, images = measured
    files = {"a": "a/final", "b": "b/final", "init": "init/init", "pretrained": "a/final"}
    for (n, bn, sample), rows in table.groupby(["n", "bn", "sample"]):
        probe = images["test"][(sample - 1) * 40 :][:n]
        calibration = images["train"] if bn == "calibrated" else None
        layers = {name: representations(network, probe, calibration) for name, network in networks.items()}
        for row in rows.itertuples():
            method = estimator(row.estimator)
            ours, theirs = (layers[files[name]][row.layer].double() for name in (row.run, row.reference))
            states = method.prepare(ours), method.prepare(theirs)
            assert row.value == pytest.approx(method.compare(*states), abs=1e-6), row


def test_only_the_usual_measurement_is_calibrated_and_linear_cka_is_not(measured):
    table, *_ = measured
    wanted = (table["usual"] == 1) & ~table["estimator"].isin(stage.LINEAR)
    assert (table["calibrated"].notna() == wanted).all()
    assert table.loc[wanted, "calibrated"].between(0, 1).all()


def test_run_b_is_measured_against_the_final_network_of_run_a(measured):
    table, *_ = measured
    assert set(table.loc[table["run"] == "b", "reference"]) == {"init", "pretrained"}
    assert set(table.loc[table["run"] == "a", "reference"]) == {"init"}
