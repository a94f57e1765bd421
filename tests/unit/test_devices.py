"""Which device a job has: the one that was granted to it, whatever else the machine offers."""

import subprocess
import sys
from importlib import import_module

import pytest

from repdrift.machine.gpus import granted
from repdrift.provenance.parts import programs

PREPARE = "import sys; from repdrift.machine.devices import prepare; print(prepare(int(sys.argv[1])).type)"
# What the steps of a SLURM job find that was given a GPU.
STEP = {"SLURM_JOB_ID": "1", "SLURM_STEP_GPUS": "0", "SLURM_JOB_GPUS": "0"}


def prepared(gpus):
    return subprocess.run([sys.executable, "-c", PREPARE, gpus], capture_output=True, text=True, check=False)


def test_a_job_that_asks_for_no_gpu_gets_none_inside_a_step_that_has_one(monkeypatch):
    for name, value in STEP.items():
        monkeypatch.setenv(name, value)
    done = prepared("0")
    assert done.stdout == "cpu\n", done.stderr


def test_a_gpu_that_was_granted_and_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "a GPU was granted, but PyTorch sees none" in prepared("1").stderr


@pytest.mark.parametrize(
    ("gpu", "gres", "count"),
    [
        (0, "", 0),
        (1, "", 1),
        (4, "", 4),
        (0, "gpu:1", 1),
        (0, "gpu:2", 2),
        (0, "gpu", 1),
        (0, "gpu:a100", 1),
        (0, "gpu:a100:2", 2),
        (0, "gpu:0", 0),
        (0, "lscratch:10G", 0),
        (1, "lscratch:10", 1),
    ],
)
def test_a_gpu_is_granted_by_either_request(gpu, gres, count):
    assert granted(gpu, gres) == count


def test_programs_that_never_use_a_gpu_cannot_be_told_of_one(monkeypatch, capsys):
    told = set()
    for name, module in programs().items():
        monkeypatch.setattr(sys, "argv", [name, "--help"])
        with pytest.raises(SystemExit):
            import_module(f"repdrift.{module}").main()
        if "--gpus" in capsys.readouterr().out:
            told.add(name)
    assert told == {
        "train", "activations", "curve", "sensitivity_of_runs", "transfer_similarity_of_pairs",
        "transfer_barrier_of_pairs", "transfer_criticality_of_parts", "transfer_rates_of_starts", "head2toe_features",
        "head2toe_probes", "head2toe_tuning", "movement_of_networks", "decodability_of_networks", "grounding_of_pairs",
    }  # fmt: skip
