"""The flags, inputs and output that programs share if they evaluate networks on the images of one target."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from repdrift import command
from repdrift.data.task_files import load_part
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.network import Network
from repdrift.provenance.artifacts import Job, write_csv


class SpecOfNetworks(Protocol):
    """A spec with the settings of a network, and with names for the files of weights that the program is given."""

    @property
    def network(self) -> dict[str, Any]: ...
    @property
    def networks(self) -> tuple[str, ...]: ...


Spec = TypeVar("Spec", bound=SpecOfNetworks)


@dataclass
class Evaluation(Generic[Spec]):
    """The inputs of a program: its spec, its networks by their names in the spec, and the images of the target."""

    spec: Spec
    job: Job
    networks: dict[str, Network]
    device: torch.device
    _args: argparse.Namespace

    @classmethod
    def begin(cls, description: str | None, kind: type[Spec], others: Sequence[str] = ()) -> "Evaluation[Spec]":
        """Parse the command line, choose the device, and load the networks.

        `others` are the names of flags with further files that the program reads, see `files`.
        """
        flags = command.parser(description, kind)
        flags.add_argument("--networks", type=Path, nargs="+", required=True, help="weights, in the order of the spec")
        flags.add_argument("--task", type=Path, required=True)
        flags.add_argument("--images", type=Path, nargs=2, required=True, help="files of the training and test splits")
        flags.add_argument("--gpus", type=int, default=0)
        for name in others:
            flags.add_argument(f"--{name}", type=Path, nargs="+", required=True)
        args = flags.parse_args()
        spec: Spec = args.spec
        device = prepare(args.gpus)
        read = [path for name in others for path in getattr(args, name)]
        inputs = [*args.networks, args.task, *sorted(set(args.images)), *read]
        job = Job(spec, args.code, inputs, device_name(device))
        loaded = (checkpoints.load_with_its_head(path, spec.network).to(device) for path in args.networks)
        return cls(spec, job, dict(zip(spec.networks, loaded, strict=True)), device, args)

    @property
    def output(self) -> Path:
        path: Path = self._args.output
        return path

    def files(self, name: str) -> list[Path]:
        """Return the files that a flag of the program names."""
        paths: list[Path] = getattr(self._args, name)
        return paths

    def images(self, part: str, count: int | None) -> tuple[Tensor, Tensor]:
        """Return the first images uint8 [N, C, H, W] and labels int64 [N] of the ``train`` or ``test`` part.

        `count` is their number; None is for all.
        """
        path = self._args.images[0 if part == "train" else 1]
        images, labels = load_part(path, self._args.task, part, self.device)
        return images[:count], labels[:count]

    def save(self, rows: list[dict[str, object]], columns: tuple[str, ...], dataset: str, seed: int) -> None:
        """Write the table of the program. The data set of the target and the seed are added to each row."""
        whose = {"dataset": dataset, "seed": seed}
        self.job.save(self.output, lambda file: write_csv(file, [whose | row for row in rows], columns))
        print(f"{dataset}, seed {seed}: {len(rows)} numbers")
