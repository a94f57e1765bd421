"""float32 is exact on every device, tf32 and bfloat16 are asked for: what each changes, and that each repeats."""

import csv
import json
import subprocess
import sys

import pytest
import torch
from tests.unit.stage import NETWORK, SETTINGS, Stage, finish

from repdrift.data import rendered
from repdrift.machine.devices import instructions
from repdrift.networks.building import build, initialise
from repdrift.specs import TrainingSettings
from repdrift.training.batches import Batch
from repdrift.training.step import Step

FLAGS = """
import torch
from repdrift.machine.devices import prepare
for precision in ("float32", "tf32", "bfloat16", "float32"):
    prepare(0, precision)
    print(torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
"""
OUTPUTS = ("float32", "tf32", "bfloat16", "bfloat16-again")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("precision") / "stage")
    made.spec["checkpoints"] = [1]
    for output in OUTPUTS:
        finish(made.start(output, precision=output.split("-")[0], steps=60))
    return made


def contents(stage, output):
    names = ("final.safetensors", "epoch1.safetensors", "history.csv")
    return [(stage.folder / output / name).read_bytes() for name in names]


@pytest.mark.parametrize("output", OUTPUTS)
def test_it_is_recorded(stage, output):
    for name in ("final.safetensors", "history.csv"):
        record = json.loads((stage.folder / output / f"{name}.json").read_text())
        assert record["spec"]["training"]["precision"] == output.split("-")[0]
        assert record["instructions"] == instructions(torch.device("cpu"))


def test_bfloat16_repeats_and_learns_and_is_not_float32(stage):
    rounded = contents(stage, "bfloat16")
    assert rounded == contents(stage, "bfloat16-again")
    assert all(ours != exact for ours, exact in zip(rounded, contents(stage, "float32"), strict=True))
    last = list(csv.DictReader((stage.folder / "bfloat16" / "history.csv").open()))[-1]
    assert float(last["train_accuracy"]) > 50  # of ten classes


def test_bfloat16_rounds_the_forward_pass():
    pixels, labels = map(torch.from_numpy, rendered.render("objects", "train", 32))

    def loss(precision):
        network = build(NETWORK).train()
        initialise(network, "initialisation", 1)
        settings = TrainingSettings(**SETTINGS | {"precision": precision}, steps=1)
        return Step(network, pixels, labels, settings)(Batch(torch.arange(32)))[0].item()

    assert loss("bfloat16") != loss("float32")
    assert loss("bfloat16") == pytest.approx(loss("float32"), rel=0.02)


def test_tf32_is_off_unless_asked_for():
    """In a process of its own: it is a setting of the whole process, and PyTorch's own is to round convolutions."""
    done = subprocess.run([sys.executable, "-c", FLAGS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 2 + ["True"] * 2 + ["False"] * 4
