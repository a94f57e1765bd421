"""Search for the best training of the network: fine-tuning, from scratch, or fine-tuning from the probe of Head2Toe."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from repdrift import command
from repdrift.data.task_files import load_part
from repdrift.experiments.head2toe.probing import Configuration, Probe, Setting, cost, fit, folds, load
from repdrift.experiments.head2toe.probing.examples import Examples, load_examples
from repdrift.experiments.head2toe.probing.tuning import ProbedNetwork, Start, Trainer, Tuned, accuracy, search_tuning
from repdrift.experiments.head2toe.specs import TuningSpec
from repdrift.experiments.head2toe.tables import (
    BYTES,
    CHOSEN,
    COLUMNS,
    CONFIGURATIONS,
    FLOPS,
    OURS,
    PAPER,
    TEST_ACCURACY,
    VALIDATION_ACCURACY,
    Row,
    cost_rows,
    row,
)
from repdrift.machine.devices import device_name, prepare
from repdrift.networks import checkpoints
from repdrift.networks.building import build, initialise
from repdrift.networks.conv4 import Conv4
from repdrift.provenance.artifacts import Job, write_csv

Load = Callable[[], Conv4]


def plainly(load_network: Load, spec: TuningSpec) -> Start:
    """Return a start from the given weights, with a new head if the spec says so."""

    def start(_: Tensor) -> nn.Module:
        network = load_network()
        if spec.head == "new":
            initialise(network.head, "new head", spec.seed)
        return network

    return start


def from_probe(load_network: Load, spec: TuningSpec, configuration: Configuration, examples: Examples) -> Start:
    """Return a start from a probe with the configuration that Head2Toe chose, fitted on the examples to train on."""
    features = examples.features[configuration.target_size]
    classes = spec.network["classes"]
    fitted: dict[tuple[int, ...], Probe] = {}  # all learning rates start from the same probe

    def start(rows: Tensor) -> nn.Module:
        numbers = tuple(rows.tolist())
        if numbers not in fitted:
            ((fitted[numbers],),) = fit(
                "scores", features, examples.labels, [rows], [configuration], classes=classes, seed=spec.seed
            )
        return ProbedNetwork(load_network(), fitted[numbers], configuration.target_size)

    return start


def outcome_rows(found: Tuned, test_accuracy: float) -> Iterator[Row]:
    """Yield the rows of the outcome of a search: the accuracies and the chosen settings."""
    yield row(TEST_ACCURACY, 100 * test_accuracy)
    yield row(VALIDATION_ACCURACY, 100 * found.tried[found.choice])
    yield row(CONFIGURATIONS, len(found.tried))
    yield row(CHOSEN, found.choice.learning_rate, "learning rate")
    yield row(CHOSEN, found.steps, "steps")


def costs(found: Tuned, forward: int, batch: int, of_probe: Mapping[str, int]) -> Iterator[Row]:
    """Yield the rows of the costs: the operations of the final training and of its probe, and the bytes to store."""
    parameters = sum(each.numel() for each in found.network.parameters() if each.requires_grad)
    for name in (PAPER, OURS):
        flops = cost.fine_tuning_flops(forward, found.steps, batch) + of_probe.get(name, 0)
        yield from cost_rows(FLOPS, flops, name)
        yield from cost_rows(BYTES, cost.fine_tuning_bytes(parameters), name)


def main() -> None:
    flags = command.parser(__doc__, TuningSpec)
    flags.add_argument("--parent", type=Path, required=True, help="the weights to start from")
    flags.add_argument("--probe", type=Path, nargs="*", default=[], help="features of the examples, then the probe")
    flags.add_argument("--task", type=Path, required=True)
    flags.add_argument("--images", type=Path, nargs=2, required=True, help="files of the training and test splits")
    flags.add_argument("--gpus", type=int, default=0)
    args = flags.parse_args()
    spec: TuningSpec = args.spec
    device = prepare(args.gpus, spec.training["precision"])
    files = [args.parent, *args.probe, args.task, *sorted(set(args.images))]
    job = Job(spec, args.code, files, device_name(device))

    def load_network() -> Conv4:
        return checkpoints.load(args.parent, spec.network).to(device)

    start = plainly(load_network, spec)
    about: dict[str, Any] = {"flops": {}}
    if args.probe:
        features, probe = args.probe
        about = load(probe)[1]
        chosen = dict(about["configuration"])
        configuration = Configuration(Setting(**chosen.pop("setting")), **chosen)
        start = from_probe(load_network, spec, configuration, load_examples(features, "train", device))
    images, labels = load_part(args.images[0], args.task, "train", device)
    splits = folds(len(labels), spec.parts, spec.seed)[: spec.folds]
    trainer = Trainer(start, images, labels, spec.training, spec.seed)
    found = search_tuning(trainer, splits, spec.learning_rates, spec.epochs)
    tests = (values[: spec.test_images] for values in load_part(args.images[1], args.task, "test", device))
    right = accuracy(found.network, *tests)
    forward = cost.forward_flops(build(spec.network))
    whose = {"target": spec.target, "seed": spec.seed, "method": spec.method}
    rows = [*outcome_rows(found, right), *costs(found, forward, spec.training["batch_size"], about["flops"])]
    job.save(args.output, lambda file: write_csv(file, [{**whose, **each} for each in rows], COLUMNS))
    print(f"{spec.method}: test accuracy {100 * right:.1f} %, {found.choice}")
