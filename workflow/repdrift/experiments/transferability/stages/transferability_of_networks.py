"""Measure T of every network that was trained on one target, and gap and width of the target, for one seed."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from repdrift import command
from repdrift.data.task_files import load_part
from repdrift.experiments.transferability import domains, measure
from repdrift.experiments.transferability.specs import NetworksSpec
from repdrift.experiments.transferability.tables import (
    DISTANCE,
    DOMAIN,
    GAP,
    L2_DISTANCE,
    LN,
    MOVEMENT,
    T_BY_L2,
    TRAINED,
    WIDTH,
    T,
)
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.distances import l2
from repdrift.networks.network import Network
from repdrift.networks.representations import calibrated, read_layer
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.study.tasks import CALIBRATION_IMAGES

COLUMNS = (*TRAINED, "seed", "reference", "measure", "item", "value")
INITIAL, PRETRAINED = "init", "pretrained"
STARTS = (PRETRAINED, "independent")  # the independent start is a control, for which T is at most about 1
# For each T, the name of its distance, and its distance function. The first distance is the paper's.
MEASURES = {T: (DISTANCE, measure.mean_absolute), T_BY_L2: (L2_DISTANCE, l2)}

Row = dict[str, object]


def rows_of_network(tuned: Network, references: dict[str, Network]) -> Iterator[Row]:
    """Yield the rows of a trained network: its distances to the references, T, and how far each layer moved."""
    weights = measure.compared_weights(tuned)
    others = {name: measure.compared_weights(network) for name, network in references.items()}
    for t, (name, distance) in MEASURES.items():
        found = {reference: measure.distances(weights, theirs, distance) for reference, theirs in others.items()}
        for reference, values in found.items():
            yield from rows(reference, name, values)
        for start in STARTS:
            values = measure.transferability(found[INITIAL], found[start])
            yield from rows(start, t, values)
            yield from rows(start, LN + t, {item: measure.log(value) for item, value in values.items()})
    moved = measure.distances(weights, others[PRETRAINED], l2)
    norms = {name: float(weight.double().norm()) for name, weight in others[PRETRAINED].items()}
    yield from rows(PRETRAINED, MOVEMENT, {name: measure.ratio(value, norms[name]) for name, value in moved.items()})


def rows(reference: str, name: str, values: dict[str, float]) -> Iterator[Row]:
    for item, value in values.items():
        yield {"reference": reference, "measure": name, "item": item, "value": value}


def features(network: Network, images: Iterable[Tensor], calibration: Tensor) -> Iterator[domains.Features]:
    """Yield the features float64 [n, p] of several sets of images, with the BN statistics of one set.

    The statistics are the same for all sets. The statistics of each set itself would remove from its features most of
    what differs between domains.

    Parameters
    ----------
    network : Network
    images : iterable of uint8 [n, C, H, W]
    calibration : uint8 [m, C, H, W]
        Training images of the source, on which the BN statistics are estimated.
    """
    frozen = calibrated(network, calibration)
    for each in images:
        yield read_layer(frozen, each, network.names.penultimate).numpy().astype(np.float64)


def of_domains(network: Network, args: argparse.Namespace, device: torch.device) -> dict[str, dict[str, float]]:
    """Return gap and width of each domain by its name. The first task is that of the source."""
    spec = args.spec
    loaded = [load_part(images, task, "train", device)[0] for task, images in zip(args.tasks, args.images, strict=True)]
    firsts = [images[: spec.images] for images in loaded]
    source, *targets = features(network, firsts, loaded[0][:CALIBRATION_IMAGES])
    return {
        name: {GAP: domains.gap(source, target), WIDTH: domains.width(target)}
        for name, target in zip(spec.domains, targets, strict=True)
    }


def table(spec: NetworksSpec, networks: dict[str, Network], found: dict[str, dict[str, float]]) -> Iterator[Row]:
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
    weights = (checkpoints.load_with_its_head(path, spec.network).to(device) for path in args.networks)
    networks = dict(zip(names, weights, strict=True))
    found = list(table(spec, networks, of_domains(networks[PRETRAINED], args, device)))
    job.save(args.output, lambda file: write_csv(file, found, COLUMNS))
    print(f"seed {spec.seed}: {len(spec.runs)} trained networks, {len(found)} numbers")
