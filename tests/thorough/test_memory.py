"""A training for which the memory does not suffice says so in one line, and leaves nothing behind."""

import resource
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.unit.stage import Stage

from repdrift.errors import UserError
from repdrift.machine.memory import shortage_explained

COPIES = 8
GIBIBYTE = 2**30
PEAK = "import repdrift.training.jobs; print(open('/proc/self/status').read().split('VmPeak:')[1].split()[0])"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A job whose step has all 5,120 images in its batch: 1.3 GB for the output of the first convolution alone."""
    made = Stage(tmp_path_factory.mktemp("memory") / "stage")
    images = load_file(made.folder / "images.safetensors")["images"]
    save_file({"images": images.repeat(COPIES, 1, 1, 1)}, made.folder / "images.safetensors")
    with np.load(made.folder / "task.npz") as arrays:
        task = dict(arrays)
    task |= {"train_index": np.arange(COPIES * 640), "train_label": np.tile(task["train_label"], COPIES)}
    np.savez(made.folder / "task.npz", **task)
    return made


def test_too_large_a_batch_is_one_line(stage):
    taken = int(subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True).stdout) * 1024
    process = stage.start("large", batch_size=COPIES * 640)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (taken + GIBIBYTE,) * 2)
    log, _ = process.communicate(timeout=300)
    assert process.returncode == 1
    lines = [line for line in log.splitlines() if not line.startswith("epoch 0,")]
    assert len(lines) == 1, log
    assert lines[0].startswith("error: not enough memory on cpu for batches of 5120 images: run fewer jobs")
    left = [path.name for path in (stage.folder / "large").rglob("*") if path.is_file()]
    assert set(left) <= {"lock", "state.safetensors"}


def test_other_errors_are_not_taken_for_it():
    with pytest.raises(RuntimeError, match="must match"), shortage_explained({"batch_size": 32}, torch.device("cpu")):
        torch.ones(2) + torch.ones(3)


def test_on_a_gpu_fewer_jobs_can_share_it():
    """The error of the GPU's allocator, raised here by hand: there may be no GPU."""
    with (
        pytest.raises(UserError, match=r"not enough memory on cuda .*: let fewer jobs share it"),
        shortage_explained({"batch_size": 32}, torch.device("cuda")),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
