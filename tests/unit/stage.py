"""A training job in a folder of its own, run as the workflow runs it."""

import json
import os
import subprocess
import sys

import numpy as np
import torch
from safetensors.torch import save_file

from repdrift.data import rendered
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise

NETWORK = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}
SETTINGS = {
    "learning_rate": 0.01, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 32, "precision": "float32",
    "test_every": 2,
}  # fmt: skip


class Stage:
    """The training stage as a job runs it, on 640 rendered images; 12 epochs of 20 steps take some seconds."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        images, labels = rendered.render("objects", "train", 640)
        save_file({"images": torch.from_numpy(images)}, folder / "images.safetensors")
        numbers = {"train_index": range(640), "test_index": range(100)}
        arrays = {name: np.array(index) for name, index in numbers.items()}
        arrays |= {"train_label": labels, "test_label": labels[:100]}
        np.savez(folder / "task.npz", **arrays)
        network = build(NETWORK)
        initialise(network, "initialisation", 1)
        checkpoints.write(network, folder / "init.safetensors")
        self.spec = {
            "run": "r", "task": "t", "network": NETWORK, "head": "keep", "order": 1, "seed": 1,
            "checkpoints": [1, 7, 12], "training": {**SETTINGS, "steps": 240},
        }  # fmt: skip

    def words(self, output, *flags, code="abc", seed=1, **training):
        """Return the arguments of a job."""
        spec = self.spec | {"seed": seed, "training": self.spec["training"] | training}
        arguments = {
            "spec": json.dumps(spec), "code": code, "parent": "init.safetensors", "task": "task.npz",
            "output": f"{output}/final.safetensors",
        }  # fmt: skip
        words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        return [*words, "--images", "images.safetensors", "images.safetensors", *flags]

    def start(self, output, *flags, stdout=subprocess.PIPE, **settings):
        return subprocess.Popen(
            # A test may be run under nohup, which ignores SIGHUP, or in the background, where SIGINT is ignored.
            [
                "env",
                "--default-signal=INT,HUP",
                sys.executable,
                "-m",
                "repdrift.stages",
                "train",
                *self.words(output, *flags, **settings),
            ],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def bytes_of(self, output):
        names = ["final.safetensors", "history.csv", *(f"epoch{epoch}.safetensors" for epoch in (1, 7, 12))]
        return {name: (self.folder / output / name).read_bytes() for name in names}


def finish(process):
    """Wait for a job that must succeed, and give its log."""
    log, _ = process.communicate(timeout=600)
    assert process.returncode == 0, log
    return log
