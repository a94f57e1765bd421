"""Search for the best probe of every method on a target, with equal budgets and the same folds of the examples."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import torch

from repdrift import command
from repdrift.experiments.head2toe.enrichment import enrichment
from repdrift.experiments.head2toe.probing import Found, Method, by_rank, cost, folds, methods, search, write
from repdrift.experiments.head2toe.probing.cost import forward_flops
from repdrift.experiments.head2toe.probing.examples import INTERMEDIATE, SECOND, Examples, load_examples
from repdrift.experiments.head2toe.probing.final_fit import flops, widths
from repdrift.experiments.head2toe.specs import ProbesSpec
from repdrift.experiments.head2toe.tables import (
    BYTES,
    CHOSEN,
    COLUMNS,
    CONFIGURATIONS,
    EARLY,
    ENRICHMENT,
    FEATURES,
    FLOPS,
    HALF_ACCURACY,
    HALVES,
    HEAD2TOE,
    KEPT,
    LINEAR_INTERMEDIATE,
    LINEAR_SECOND,
    OURS,
    PAPER,
    RANK_ACCURACY,
    SHARE,
    TEST_ACCURACY,
    VALIDATION_ACCURACY,
    Row,
    cost_rows,
    row,
)
from repdrift.machine.devices import device_name, prepare
from repdrift.networks.building import build
from repdrift.provenance.artifacts import Job, write_csv

BESIDE = {LINEAR_INTERMEDIATE: INTERMEDIATE, LINEAR_SECOND: SECOND}


def outcome_rows(method: Method, found: Found, train: Examples, test: Examples) -> Iterator[Row]:
    """Yield the rows of the outcome of a search: accuracies, the chosen configuration, and shares of kept features."""
    best, probe = found.configuration, found.probe
    size, kept, available = best.target_size, probe.selection, widths(method, found, train.features)
    yield row(TEST_ACCURACY, 100 * probe.accuracy(test.features[size], test.labels))
    for name, part in HALVES.items():
        chosen = torch.arange(len(test.labels))[part]
        yield row(HALF_ACCURACY, 100 * probe.accuracy(test.features[size].rows(chosen), test.labels[chosen]), name)
    yield row(VALIDATION_ACCURACY, 100 * found.tried[best])
    yield row(CONFIGURATIONS, method.budget)
    yield row(FEATURES, sum(available.values()))
    yield row(KEPT, kept.count)
    for name in ("learning_rate", "steps", "strength"):
        yield row(CHOSEN, getattr(best.setting, name), name.replace("_", " "))
    yield row(CHOSEN, best.fraction, "fraction")
    for layer, width in available.items():
        yield row(FEATURES, width, layer)
        yield row(SHARE, kept.widths.get(layer, 0) / kept.count, layer)


def enrichment_rows(found: Found, train: Examples, layers: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of the enrichment of each layer, and of all layers before the penultimate one together."""
    kept, available = found.probe.selection.widths, train.features[found.configuration.target_size].widths
    yield row(ENRICHMENT, enrichment(kept, available, layers[:-2]), EARLY)
    for layer in layers:
        yield row(ENRICHMENT, enrichment(kept, available, [layer]), layer)


def costs(method: Method, found: Found, train: Examples, spent: dict[int, int], classes: int) -> Iterator[Row]:
    """Yield the rows of the costs: the operations of the final fit, given by `flops`, and the bytes to be stored."""
    kept = found.probe.selection.count
    every = sum(widths(method, found, train.features).values())
    for name, passes in ((PAPER, cost.PAPER), (OURS, cost.OURS)):
        yield from cost_rows(FLOPS, spent[passes], name)
    yield from cost_rows(BYTES, cost.probe_bytes_paper(every, kept, classes), PAPER)
    yield from cost_rows(BYTES, cost.probe_bytes_ours(kept, classes), OURS)


def ranks(found: Found, train: Examples, test: Examples, spec: ProbesSpec) -> Iterator[Row]:
    """Yield the rows of the accuracies of probes on equally many features that begin at different ranks.

    The features are ranked by the scores of the head that was chosen.
    """
    configuration = replace(found.configuration, fraction=spec.window)
    size, classes = configuration.target_size, spec.network["classes"]
    probes = by_rank(train.features[size], train.labels, configuration, spec.offsets, classes=classes, seed=spec.seed)
    for share, probe in zip(spec.offsets, probes, strict=True):
        yield row(RANK_ACCURACY, 100 * probe.accuracy(test.features[size], test.labels), str(share))


def main() -> None:
    flags = command.parser(__doc__, ProbesSpec)
    flags.add_argument("--features", type=Path, required=True)
    flags.add_argument("--gpus", type=int, default=0)
    flags.add_argument("--probe", type=Path, required=True, help="output: the probe of Head2Toe")
    args = flags.parse_args()
    spec: ProbesSpec = args.spec
    seed, classes = spec.seed, spec.network["classes"]
    whose = {"target": spec.target, "seed": seed}
    device = prepare(args.gpus)
    job = Job(spec, args.code, [args.features], device_name(device))
    train, test = (load_examples(args.features, part, device) for part in ("train", "test"))
    network = build(spec.network)
    forward = forward_flops(network)
    splits = folds(len(train.labels), spec.parts, seed)[: spec.folds]
    beside = {name: layer for name, layer in BESIDE.items() if layer in train.features[None].widths}
    rows: list[Row] = []
    for name, method in methods(network.layers[-2], spec.target_sizes, spec.steps, beside).items():
        found = search(method, train.features, train.labels, splits, classes=classes, seed=seed)
        spent = flops(method, found, train.features, forward, classes)
        these = [*outcome_rows(method, found, train, test), *costs(method, found, train, spent, classes)]
        if name == HEAD2TOE:
            these += [*enrichment_rows(found, train, network.layers), *ranks(found, train, test, spec)]
            job.save(
                args.probe,
                partial(write, found.probe, about={**whose, "configuration": asdict(found.configuration)}),
            )
        rows += [{**whose, "method": name, **each} for each in these]
        print(f"{name}: validation accuracy {found.tried[found.configuration]:.1%}, {found.configuration}", flush=True)
    job.save(args.output, lambda file: write_csv(file, rows, COLUMNS))
