"""Measure the similarity of networks of different seeds by every estimator, under one reduction of layers.

Each network is read once. Its layers go to temporary files, so that only one layer of all networks is in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from repdrift import command
from repdrift.data.task_files import load_probe
from repdrift.errors import UserError
from repdrift.experiments.grounding.specs import GroundingSpec, Question, runs_of
from repdrift.experiments.grounding.tables import PAIRS
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.representations import representations
from repdrift.provenance.artifacts import Job, write_csv
from repdrift.similarity.compact import smaller
from repdrift.similarity.estimator import UndefinedError, check
from repdrift.similarity.files import layers_of, load, save
from repdrift.similarity.gram import Representation
from repdrift.similarity.registry import entry, estimator, needs_features

Network = tuple[str, int]  # a run and a seed
Pair = tuple[Network, Network]


def pairs_of(questions: Sequence[Question], seeds: Sequence[int]) -> list[Pair]:
    """List the pairs of networks of different seeds that some question compares, each once."""
    found = [
        ((run, seed), (other, other_seed))
        for question in questions
        for seed, other_seed in combinations(seeds, 2)
        for run, other in product(question.runs, repeat=2)
    ]
    return list(dict.fromkeys(found))


def kept(x: Representation, estimators: Sequence[str]) -> Representation:
    """Return features if an estimator needs those of so many units, and otherwise the smaller form."""
    needed = (entry(name).units or x.shape[1] for name in estimators if needs_features(name))
    return x if any(x.shape[1] <= units for units in needed) else smaller(x)


def read(
    files: Mapping[Network, Path], spec: GroundingSpec, probe: Tensor, calibration: Tensor | None, folder: Path
) -> dict[Network, Path]:
    """Read the layers of networks, given their weights, and return the paths of the files of these layers."""
    found: dict[Network, Path] = {}
    for number, (network, path) in enumerate(files.items()):
        loaded = checkpoints.load_with_its_head(path, spec.network).to(probe.device)
        layers = representations(loaded, probe, calibration, reduce=spec.reduce, folder=folder)
        found[network] = folder / f"{number}.safetensors"
        forms = {layer: kept(x, spec.estimators) for layer, x in layers.items()}
        save(found[network], forms, {layer: {} for layer in layers})
    return found


def rows(
    files: Mapping[Network, Path], pairs: Sequence[Pair], spec: GroundingSpec, device: torch.device
) -> Iterator[dict[str, object]]:
    """Yield the rows of the table, given the files of the layers of each network."""
    for layer in layers_of(next(iter(files.values()))):
        values = {network: load(path, layer).to(device) for network, path in files.items()}
        small = {network: smaller(x) for network, x in values.items()}  # most estimators share the inner products
        for x in small.values():
            with suppress(UndefinedError):  # each estimator says below that a layer is the same for all images
                check(x, f"layer {layer}")
        for name in spec.estimators:
            states = prepared(name, values if needs_features(name) else small, layer)
            method = estimator(name)
            for (run, seed), (other, other_seed) in pairs:
                a, b = states[run, seed], states[other, other_seed]
                value = None if a is None or b is None else method.compare(a, b)
                yield dict(zip(PAIRS, (run, seed, other, other_seed, layer, name, value), strict=True))


def prepared(name: str, values: Mapping[Network, Representation], layer: str) -> dict[Network, Any]:
    """Return what an estimator prepares of a layer of each network. Where it cannot, this is None and is printed."""
    method, found = estimator(name), {}
    reasons = set()
    for network, x in values.items():
        try:
            found[network] = method.prepare(x)
        except UserError as error:
            found[network] = None
            reasons.add(str(error))
    for reason in sorted(reasons):
        print(f"{layer}, {name}: left out: {reason}")
    return found


def main() -> None:
    flags = command.parser(__doc__, GroundingSpec)
    flags.add_argument("--networks", type=Path, nargs="+", required=True, help="weights of the networks")
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="calibration images, probe")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: GroundingSpec = args.spec
    device = prepare(args.gpus)
    job = Job(spec, args.code, [*args.networks, *sorted(set(args.images))], device_name(device))
    probe, calibration = load_probe(args.images, spec.probe, spec.calibration, device)
    pairs = pairs_of(spec.questions, spec.seeds)
    names = product(runs_of(spec.questions), spec.seeds)
    networks = dict(zip(names, args.networks, strict=True))
    found: list[dict[str, object]] = []
    if pairs:
        with TemporaryDirectory(dir=args.output.parent) as folder:
            found += rows(read(networks, spec, probe, calibration, Path(folder)), pairs, spec, device)
    print(f"{len(networks)} networks, {len(pairs)} pairs of different seeds, {len(found)} similarities")
    job.save(args.output, lambda file: write_csv(file, found, PAIRS))
