"""Pre-train or fine-tune: train a network from given weights on a task, keep its checkpoints and its history.

Killed at any moment, it goes on from its last finished epoch (or from less than a minute before, in a long epoch) when
it is run again, and ends with the same bytes.
"""

import argparse
import dataclasses
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor
from tqdm import tqdm

from repdrift import checkpoints
from repdrift.artifacts import Job, write_csv
from repdrift.devices import device_name, prepare
from repdrift.interruption import EXIT, Interruption
from repdrift.networks import initialise
from repdrift.plan import canonical
from repdrift.progress import Progress
from repdrift.seeds import seed_for
from repdrift.stages import command
from repdrift.training import Epoch, Settings, Training

EPOCH_SECONDS = 1.0  # an epoch that ends sooner after the last save is not saved by itself
STEP_SECONDS = 30.0  # a long epoch is saved on its way


class Member:
    """One training job: its training, its progress on disk and its outputs."""

    def __init__(self, args: argparse.Namespace, device: torch.device) -> None:
        self.spec, self.output = args.spec, args.output
        self.job = Job(self.spec, args.code, sorted({args.parent, args.task, *args.images}), device_name(device))
        self.progress = Progress(self.output, [canonical(self.spec), args.code, *self.job.input_checksums().values()])
        network = checkpoints.load(args.parent, self.spec["network"])
        if self.spec["head"] == "new":
            initialise(network.head, "new head", self.spec["seed"])
        order = torch.Generator().manual_seed(seed_for("data order", self.spec["seed"], self.spec["task"]))
        train_set, test_set = (
            load_part(images, args.task, part, device)
            for images, part in zip(args.images, ("train", "test"), strict=True)
        )
        settings = Settings(**self.spec["training"])
        self.training = Training(network.to(device), train_set, test_set, settings, order)
        saved = self.progress.load()
        if saved is not None:
            self.training.restore(*saved)
            print(f"resumed after step {self.training.step} of {settings.steps}", flush=True)
        self.saved = time.monotonic()

    def run(self, interruption: Interruption) -> bool:
        """Train to the end and write the outputs; False if it was interrupted before."""
        settings = self.training.settings
        bar: tqdm[Any] = tqdm(total=settings.steps, initial=self.training.step, unit="step", disable=None, smoothing=0.05)
        for epoch in self.training.events():
            bar.update(self.training.step - bar.n)
            if epoch is not None:
                self.after_epoch(epoch, bar)
            if interruption or time.monotonic() - self.saved > (STEP_SECONDS if epoch is None else EPOCH_SECONDS):
                self.save()
            if interruption:
                return False
        bar.close()
        self.write()
        return True

    def after_epoch(self, epoch: Epoch, bar: "tqdm[Any]") -> None:
        if epoch.epoch in self.spec["checkpoints"]:
            checkpoints.write(self.training.network, self.progress.part(f"epoch{epoch.epoch}.safetensors"))
        bar.set_postfix(epoch=epoch.epoch, loss=epoch.train_loss, accuracy=epoch.train_accuracy)
        tqdm.write(in_words(epoch))
        sys.stdout.flush()

    def save(self) -> None:
        self.progress.save(*self.training.state())
        self.saved = time.monotonic()

    def write(self) -> None:
        """Write all outputs, the final weights last, and forget the progress."""
        folder = self.output.parent
        for epoch in self.spec["checkpoints"]:
            name = f"epoch{epoch}.safetensors"
            self.job.save(folder / name, partial(shutil.copyfile, self.progress.part(name)))
        columns = [field.name for field in dataclasses.fields(Epoch)]
        rows = [dataclasses.asdict(epoch) for epoch in self.training.history]
        self.job.save(folder / "history.csv", lambda file: write_csv(file, rows, columns))
        checkpoints.save(self.training.network, self.output, self.job)
        self.progress.clear()


def in_words(epoch: Epoch) -> str:
    measured = {
        "training loss": (epoch.train_loss, "{:.4f}"),
        "training accuracy": (epoch.train_accuracy, "{:.1f} %"),
        "test accuracy": (epoch.test_accuracy, "{:.1f} %"),
    }
    parts = [f"{name} {form.format(value)}" for name, (value, form) in measured.items() if value is not None]
    return f"epoch {epoch.epoch}, step {epoch.step}: {', '.join(parts)}"


def load_part(images_path: Path, task_path: Path, part: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, 3, 32, 32] (channels_last) and labels int64 [N] of a task's train or test part."""
    with np.load(task_path) as arrays:
        index, labels = arrays[f"{part}_index"], torch.from_numpy(arrays[f"{part}_label"])
    with safe_open(images_path, framework="pt") as file:
        images = file.get_slice("images")[int(index[0]) : int(index[-1]) + 1]
    return images.to(device).contiguous(memory_format=torch.channels_last), labels.to(device)


def main() -> None:
    flags = command.parser(__doc__)
    flags.add_argument("--parent", type=Path, required=True, help="the weights to start from")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="of training and of testing")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    interruption = Interruption()
    device = prepare(args.gpus, args.spec["training"]["precision"])
    if not Member(args, device).run(interruption):
        print(f"stopped by {interruption.signal}: run it again, it goes on from here", flush=True)
        sys.exit(EXIT)


if __name__ == "__main__":
    command.run(main)
