"""A training job, from its arguments to its files."""

import argparse
import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import torch
from tqdm import tqdm

from repdrift.canonical import canonical
from repdrift.data.task_files import load_part
from repdrift.machine.devices import device_name, instructions, prepare
from repdrift.machine.interruption import Interruption
from repdrift.machine.memory import shortage_explained
from repdrift.networks import checkpoints
from repdrift.networks.network import Network
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.seeds import seed_for
from repdrift.specs import TrainSpec
from repdrift.training.progress import Progress
from repdrift.training.trained_parts import train_from
from repdrift.training.training import Epoch, Training

EPOCH_SECONDS = 0.5  # an epoch that ends sooner after the last save is not saved by itself
STEP_SECONDS = 30.0  # a long epoch is saved on its way


class TrainingJob:
    """A training, its progress on disk and its outputs.

    Parameters
    ----------
    args : Namespace
        Those of `repdrift.stages.train`.
    device : torch.device
    """

    def __init__(self, args: argparse.Namespace, device: torch.device) -> None:
        self.spec: TrainSpec = args.spec
        self.output: Path = args.output
        inputs = sorted({args.parent, args.task, *args.images})
        self.job = Job(self.spec, args.code, inputs, device_name(device), instructions(device))
        self.progress = Progress(self.output, [canonical(self.spec), args.code, *self.job.input_checksums().values()])
        self.progress.hold()
        self.training = self._begin(args, device)
        self.saved = time.monotonic()

    def _begin(self, args: argparse.Namespace, device: torch.device) -> Training:
        self.network = self._start(args.parent).to(device)
        train_from(self.network, self.spec.train)
        order = torch.Generator().manual_seed(order_seed(self.spec))
        train_set, test_set = (
            load_part(images, args.task, part, device)
            for images, part in zip(args.images, ("train", "test"), strict=True)
        )
        settings = self.spec.training
        training = Training(self.network, train_set, test_set, settings, order)
        saved = self.progress.load()
        if saved is not None:
            training.restore(*saved)
            tqdm.write(f"resumed after step {training.step} of {settings.steps}")
        return training

    def _start(self, parent: Path) -> Network:
        """Load the weights that the training starts from, with a new head if the spec asks for one."""
        network, head = self.spec.network, self.spec.head
        if head == "keep":
            return checkpoints.load(parent, network)
        return checkpoints.load_with_new_head(parent, network, f"{head} head", self.spec.seed)

    def advance(self) -> Iterator[Epoch | None]:
        """Train, a step at a time, and write the outputs in the end."""
        for epoch in self.training.events():
            if epoch is not None:
                self._after_epoch(epoch)
            if time.monotonic() - self.saved > (STEP_SECONDS if epoch is None else EPOCH_SECONDS):
                self.save()
            yield epoch
        self._write()

    def _after_epoch(self, epoch: Epoch) -> None:
        if epoch.epoch in self.spec.checkpoints:
            checkpoints.write(self.network, self.progress.part(f"epoch{epoch.epoch}.safetensors"))
        tqdm.write(in_words(epoch))

    def save(self) -> None:
        """Save where the training is."""
        self.progress.save(*self.training.state())
        self.saved = time.monotonic()

    def _write(self) -> None:
        """Write all outputs, the final weights last, and forget the progress.

        The progress is kept where several jobs share a SLURM job: if one of them fails, Snakemake deletes the outputs
        of all of them, and this training is then resumed from its last step. The progress is deleted when the study is
        complete, see `repdrift.machine.stopping.forget_progress`.
        """
        folder = self.output.parent
        for epoch in self.spec.checkpoints:
            name = f"epoch{epoch}.safetensors"
            self.job.save(folder / name, partial(shutil.copyfile, self.progress.part(name)))
        columns = [field.name for field in dataclasses.fields(Epoch)]
        rows = [dataclasses.asdict(epoch) for epoch in self.training.history]
        self.job.save(folder / "history.csv", lambda file: write_csv(file, rows, columns))
        checkpoints.save(self.network, self.output, self.job)
        if "SLURM_JOB_ID" in os.environ:
            self.save()
            self.progress.release()
        else:
            self.progress.clear()


def order_seed(spec: TrainSpec) -> int:
    """Return the seed of the order of the images. It differs between tasks, and between the orders of one task."""
    purpose = "data order" if spec.order == 1 else f"data order {spec.order}"
    return seed_for(purpose, spec.seed, spec.task)


def train_job(args: argparse.Namespace, interruption: Interruption) -> bool:
    """Run a training job to its end. Return False if it was interrupted before; its state is then saved."""
    device = prepare(args.gpus, args.spec.training.precision)
    with shortage_explained(args.spec.training.batch_size, device):
        job = TrainingJob(args, device)
        training = job.training
        with progress_bar(training) as bar:
            for epoch in job.advance():
                bar.update(training.images(training.step) - bar.n)
                if epoch is not None:
                    bar.set_postfix_str(f"loss {epoch.train_loss:.4f}, accuracy {epoch.train_accuracy:.1f} %")
                    sys.stdout.flush()
                if interruption:
                    job.save()
                    return False
    return True


def progress_bar(training: Training) -> "tqdm[NoReturn]":
    """Return a bar that shows the images done, the speed and the time left. It is hidden without a terminal."""
    return tqdm(
        total=training.images(training.settings.steps),
        initial=training.images(training.step),
        unit="img",
        unit_scale=True,
        smoothing=0.05,
        dynamic_ncols=True,
        disable=None,
    )


def in_words(epoch: Epoch) -> str:
    """Give a line for a log."""
    measured = {
        "training loss": (epoch.train_loss, "{:.4f}"),
        "training accuracy": (epoch.train_accuracy, "{:.1f} %"),
        "test accuracy": (epoch.test_accuracy, "{:.1f} %"),
    }
    parts = [f"{name} {form.format(value)}" for name, (value, form) in measured.items() if value is not None]
    return f"epoch {epoch.epoch}, step {epoch.step}: {', '.join(parts)}"
