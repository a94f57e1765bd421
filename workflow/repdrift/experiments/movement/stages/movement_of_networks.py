"""Move the weights of networks from the start of their trainings, and measure how much each representation changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.experiments.movement.moving import moved_along, moved_equally, relative_sizes
from repdrift.experiments.movement.specs import MovementSpec, Trained
from repdrift.experiments.movement.tables import EQUAL, LN_SIZE, MOVEMENT, SIZE, TRAINED, TRAINING
from repdrift.experiments.transferability.measure import log
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.network import Network
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.similarity.compact import smaller
from repdrift.similarity.estimator import state_if_defined
from repdrift.similarity.registry import estimator, needs_features

COLUMNS = (*TRAINED, *MOVEMENT.columns[1:], "value")

Row = dict[str, object]
States = dict[tuple[str, str], Any]  # by layer and estimator; None where a similarity is undefined


@dataclass(frozen=True)
class Reader:
    """Reads networks on the probe, and prepares their layers for each estimator.

    Attributes
    ----------
    spec : MovementSpec
    probe : uint8 Tensor [n, C, H, W]
    calibration : uint8 Tensor [m, C, H, W], optional
        The images on which BN statistics are estimated. None is for the statistics of each batch of the probe.
    folder : Path
        The folder of temporary files.
    """

    spec: MovementSpec
    probe: Tensor
    calibration: Tensor | None
    folder: Path

    def states(self, network: Network, name: str) -> States:
        """Return the states of all layers of a network. `name` is its name in a message."""
        spec, found = self.spec, {}
        layers = representations(network, self.probe, self.calibration, reduce=spec.reduce, folder=self.folder)
        for layer, read in layers.items():
            values = read.to(self.probe.device)
            kept = smaller(values)  # all estimators share its inner products
            for each in spec.estimators:
                given = values if needs_features(each) else kept
                found[layer, each] = state_if_defined(estimator(each), given, f"{name}, layer {layer}, {each}")
        return found


def similarity_rows(first: States, second: States) -> Iterator[Row]:
    """Yield a row for each layer and estimator with the similarity of two networks."""
    for (layer, name), state in first.items():
        other = second[layer, name]
        value = None if state is None or other is None else estimator(name).compare(state, other)
        yield {"measure": name, "item": layer, "value": value}


def size_rows(start: Network, end: Network) -> Iterator[Row]:
    """Yield the rows of the change by training: its relative size in each part, and the logarithm of it."""
    for part, size in relative_sizes(start, end).items():
        yield {"measure": SIZE, "item": part, "value": size}
        yield {"measure": LN_SIZE, "item": part, "value": log(size)}


def rows_of_training(start: Network, end: Network, unmoved: States, reader: Reader, name: str) -> Iterator[Row]:
    """Yield the rows of a training.

    Parameters
    ----------
    start, end : Network
    unmoved : dict
        The states of `start`.
    reader : Reader
    name : str
        The name of the training in messages.
    """
    yield from size_rows(start, end)
    for path, move, places in (
        (EQUAL, moved_equally, reader.spec.sizes),
        (TRAINING, moved_along, reader.spec.path),
    ):
        for at in places:
            moved = reader.states(move(start, end, at), f"{name}, {path} {at:g}")
            yield from ({"path": path, "at": at, **row} for row in similarity_rows(unmoved, moved))


def start_of(training: Trained, files: dict[str, Path], spec: MovementSpec) -> Network:
    """Load the network that a training starts from, with the same new head if it starts with a new one."""
    path, head = files[training.start], training.head
    if head == "keep":
        return checkpoints.load(path, spec.network)
    return checkpoints.load_with_new_head(path, spec.network, f"{head} head", spec.seed)


def table(spec: MovementSpec, files: dict[str, Path], reader: Reader, device: torch.device) -> Iterator[Row]:
    """Yield the rows of all trainings of a role. Trainings with the same start share what is read of it."""
    unmoved: dict[tuple[str, str], States] = {}
    for training in spec.trainings:
        start = start_of(training, files, spec).to(device)
        end = checkpoints.load(files[training.end], spec.network).to(device)
        key = training.start, training.head
        if key not in unmoved:
            unmoved[key] = reader.states(start, training.start)
        whose = {"run": training.run, "probe": spec.role, "labels": training.labels, "seed": spec.seed}
        for row in rows_of_training(start, end, unmoved[key], reader, training.run):
            yield whose | row


def main() -> None:
    flags = command.parser(__doc__, MovementSpec)
    flags.add_argument("--networks", type=Path, nargs="+", required=True, help="weights, in the order of the spec")
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="calibration images, probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: MovementSpec = args.spec
    device = prepare(args.gpus)
    job = Job(spec, args.code, [*args.networks, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    reader = Reader(spec, probe, calibration, args.output.parent)
    files = dict(zip(spec.networks, args.networks, strict=True))
    rows = list(table(spec, files, reader, device))
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
    print(f"{spec.role}, seed {spec.seed}: {len(spec.trainings)} trainings, {len(rows)} numbers")
