"""Search for the best training of the network: fine-tuning, from scratch, or fine-tuning from a probe."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from repdrift import command
from repdrift.data.task_files import load_part
from repdrift.experiments.head2toe.probing import Probe, before_training, cost, fit, folds, search
from repdrift.experiments.head2toe.probing.examples import Examples, load_examples
from repdrift.experiments.head2toe.probing.final_fit import flops
from repdrift.experiments.head2toe.probing.tuning import ProbedNetwork, Start, Trainer, Tuned, accuracy, search_tuning
from repdrift.experiments.head2toe.specs import ProbeBefore, TuningSpec
from repdrift.experiments.head2toe.tables import (
    BYTES,
    CHOSEN,
    COLUMNS,
    CONFIGURATIONS,
    FLOPS,
    HALF_ACCURACY,
    HALVES,
    OURS,
    PAPER,
    TEST_ACCURACY,
    VALIDATION_ACCURACY,
    Row,
    cost_rows,
    row,
)
from repdrift.machine.devices import device_name, instructions, prepare
from repdrift.networks import checkpoints
from repdrift.networks.building import build
from repdrift.networks.network import Network
from repdrift.provenance.artifacts import Job, write_csv

Load = Callable[[], Network]


class Probed(NamedTuple):
    """A start from a probe, the number of configurations that its search tried, and the operations of its fit."""

    start: Start
    configurations: int
    flops: dict[int, int]


def plainly(parent: Path, spec: TuningSpec, device: torch.device) -> Start:
    """Return a start from the given weights, with a new head if the spec says so."""

    def start(_: Tensor) -> nn.Module:
        if spec.head == "new":
            return checkpoints.load_with_new_head(parent, spec.network, "new head", spec.seed).to(device)
        return checkpoints.load(parent, spec.network).to(device)

    return start


def probed(load_network: Load, spec: TuningSpec, before: ProbeBefore, examples: Examples) -> Probed:
    """Search for the probe to start from. The start fits it again on the examples that the network is trained on."""
    seed, classes, features = spec.seed, spec.network["classes"], examples.features
    network = load_network()
    method = before_training(network.layers[-2], before.target_sizes, before.steps)[before.method]
    splits = folds(len(examples.labels), spec.parts, seed)[: spec.folds]
    found = search(method, features, examples.labels, splits, classes=classes, seed=seed)
    best, size = found.configuration, found.configuration.target_size
    chosen = features[size] if method.layers is None else features[size].only(method.layers)
    fitted: dict[tuple[int, ...], Probe] = {}  # all learning rates start from the same probe

    def start(rows: Tensor) -> nn.Module:
        numbers = tuple(rows.tolist())
        if numbers not in fitted:
            ((fitted[numbers],),) = fit(
                method.selector, chosen, examples.labels, [rows], [best], classes=classes, seed=seed
            )
        return ProbedNetwork(load_network(), fitted[numbers], size)

    forward = cost.forward_flops(build(spec.network))
    return Probed(start, len(found.tried), flops(method, found, features, forward, classes))


def outcome_rows(found: Tuned, tests: tuple[Tensor, Tensor], configurations: int) -> Iterator[Row]:
    """Yield the rows of the outcome of a search: the accuracies and the chosen settings.

    Parameters
    ----------
    found : Tuned
    tests : (uint8 Tensor [n, C, H, W], int64 Tensor [n])
        The test images and their labels.
    configurations : int
        Number of configurations that were tried, including those of the probe.
    """
    yield row(TEST_ACCURACY, 100 * accuracy(found.network, *tests))
    for name, part in HALVES.items():
        yield row(HALF_ACCURACY, 100 * accuracy(found.network, *(values[part] for values in tests)), name)
    yield row(VALIDATION_ACCURACY, 100 * found.tried[found.choice])
    yield row(CONFIGURATIONS, configurations)
    yield row(CHOSEN, found.choice.learning_rate, "learning rate")
    yield row(CHOSEN, found.steps, "steps")


def costs(found: Tuned, forward: int, batch: int, of_probe: Mapping[int, int]) -> Iterator[Row]:
    """Yield the rows of the costs: the operations of the final training and of its probe, and the bytes to store."""
    parameters = sum(each.numel() for each in found.network.parameters() if each.requires_grad)
    for name, passes in ((PAPER, cost.PAPER), (OURS, cost.OURS)):
        yield from cost_rows(FLOPS, cost.fine_tuning_flops(forward, found.steps, batch) + of_probe.get(passes, 0), name)
        yield from cost_rows(BYTES, cost.fine_tuning_bytes(parameters), name)


def main() -> None:
    flags = command.parser(__doc__, TuningSpec)
    flags.add_argument("--parent", type=Path, required=True, help="the weights to start from")
    flags.add_argument("--features", type=Path, nargs="*", default=[], help="features of the examples, for a probe")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="files of the training and test splits")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: TuningSpec = args.spec
    device = prepare(args.gpus, spec.training.precision)
    files = [args.parent, *args.features, args.task, *sorted(set(args.images))]
    job = Job(spec, args.code, files, device_name(device), instructions(device))

    def load_network() -> Network:
        return checkpoints.load_with_its_head(args.parent, spec.network).to(device)

    begin = Probed(plainly(args.parent, spec, device), 0, {})
    if spec.probe is not None:
        begin = probed(load_network, spec, spec.probe, load_examples(args.features[0], "train", device))
    images, labels = load_part(args.images[0], args.task, "train", device)
    splits = folds(len(labels), spec.parts, spec.seed)[: spec.folds]
    trainer = Trainer(begin.start, images, labels, vars(spec.training), spec.seed)
    found = search_tuning(trainer, splits, spec.learning_rates, spec.epochs)
    test_images, test_labels = load_part(args.images[1], args.task, "test", device)
    tests = test_images[: spec.test_images], test_labels[: spec.test_images]
    whose = {"target": spec.target, "seed": spec.seed, "method": spec.method}
    forward = cost.forward_flops(build(spec.network))
    rows = [
        *outcome_rows(found, tests, begin.configurations + len(found.tried)),
        *costs(found, forward, spec.training.batch_size, begin.flops),
    ]
    job.save(args.output, lambda file: write_csv(file, [{**whose, **each} for each in rows], COLUMNS))
    print(f"{spec.method}: test accuracy {rows[0]['value']:.1f} %, {found.choice}")
