"""Measure T of every network that was trained on one target, and gap and width of the target, for one seed."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from repdrift import command
from repdrift.data.task_files import load_part
from repdrift.experiments.transferability import domains, measure
from repdrift.experiments.transferability.specs import NetworksSpec
from repdrift.experiments.transferability.tables import (
    DISTANCE,
    DOMAIN,
    GAP,
    L2_DISTANCE,
    LEAD,
    LN,
    MOVEMENT,
    RISE,
    T_BY_L2,
    TRAINED,
    WIDTH,
    T,
)
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.conv4 import Conv4
from repdrift.networks.distances import l2
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job, write_csv

COLUMNS = (*TRAINED, "seed", "reference", "measure", "item", "value")
INITIAL, PRETRAINED = "init", "pretrained"
STARTS = (PRETRAINED, "independent")  # the independent start is a control, for which T is at most about 1
FEATURES = "pool4"
# For each T, the name of its distance, and its distance function. The first distance is the paper's.
MEASURES = {T: (DISTANCE, measure.mean_absolute), T_BY_L2: (L2_DISTANCE, l2)}

Row = dict[str, object]


def rows_of_network(tuned: Conv4, references: dict[str, Conv4]) -> Iterator[Row]:
    """Yield the rows of a trained network: its distances to the references, T, and how far each layer moved."""
    weights = measure.compared_weights(tuned)
    others = {name: measure.compared_weights(network) for name, network in references.items()}
    for t, (name, distance) in MEASURES.items():
        found = {reference: measure.distances(weights, theirs, distance) for reference, theirs in others.items()}
        for reference, values in found.items():
            yield from rows(reference, name, values)
        for start in STARTS:
            values = measure.transferability(found[INITIAL], found[start])
            logs = {item: measure.log(value) for item, value in values.items()}
            hidden = [value for item, value in logs.items() if item.startswith("conv")]
            shape = {LEAD: measure.lead(hidden), RISE: measure.largest_rise(hidden)}
            yield from rows(start, t, values)
            yield from rows(start, LN + t, logs | shape)
    moved = measure.distances(weights, others[PRETRAINED], l2)
    norms = {name: float(weight.double().norm()) for name, weight in others[PRETRAINED].items()}
    yield from rows(PRETRAINED, MOVEMENT, {name: measure.ratio(value, norms[name]) for name, value in moved.items()})


def rows(reference: str, name: str, values: dict[str, float]) -> Iterator[Row]:
    for item, value in values.items():
        yield {"reference": reference, "measure": name, "item": item, "value": value}


def features(network: Conv4, args: argparse.Namespace, device: torch.device) -> Iterator[domains.Features]:
    """Yield features float64 [n, p] of the first training images of each task. The source comes first."""
    spec = args.spec
    for task, images_path in zip(args.tasks, args.images, strict=True):
        images = load_part(images_path, task, "train", device)[0][: spec.images]
        # Calibration uses the images of the domain, as networks that are trained on it use its statistics.
        layers = representations(network, images, None if spec.bn == "batch" else images)
        yield layers[FEATURES].numpy().astype(np.float64)


def of_domains(network: Conv4, args: argparse.Namespace, device: torch.device) -> dict[str, dict[str, float]]:
    """Return gap and width of each domain by its name."""
    source, *targets = features(network, args, device)
    return {
        name: {GAP: domains.gap(source, target), WIDTH: domains.width(target)}
        for name, target in zip(args.spec.domains, targets, strict=True)
    }


def table(spec: NetworksSpec, networks: dict[str, Conv4], found: dict[str, dict[str, float]]) -> Iterator[Row]:
    """Yield the rows of all trained networks. `found` has gap and width of their domains."""
    references = {name: networks[name] for name in spec.references}
    for trained in spec.runs:
        whose = {**{name: getattr(trained, name) for name in TRAINED}, "seed": spec.seed}
        for row in (*rows_of_network(networks[trained.run], references), *rows("", DOMAIN, found[trained.domain])):
            yield whose | row


def main() -> None:
    flags = command.parser(__doc__, NetworksSpec)
    flags.add_argument("--networks", type=Path, nargs="+", required=True, help="weights of references, then of runs")
    flags.add_argument("--tasks", type=Path, nargs="+", required=True, help="tasks of source, then of domains")
    flags.add_argument("--images", type=Path, nargs="+", required=True, help="training splits, in the tasks' order")
    args = flags.parse_args()
    spec: NetworksSpec = args.spec
    device = prepare(gpus=0)  # The rule asks for no GPU, since a network takes milliseconds on the CPU.
    job = Job(spec, args.code, [*args.networks, *args.tasks, *sorted(set(args.images))], device_name(device))
    names = [*spec.references, *(trained.run for trained in spec.runs)]
    weights = (checkpoints.load(path, spec.network).to(device) for path in args.networks)
    networks = dict(zip(names, weights, strict=True))
    found = list(table(spec, networks, of_domains(networks[PRETRAINED], args, device)))
    job.save(args.output, lambda file: write_csv(file, found, COLUMNS))
    print(f"seed {spec.seed}: {len(spec.runs)} trained networks, {len(found)} numbers")
