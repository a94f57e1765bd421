"""Measure trainings with several learning rates, and choose one for each start on images that it is not judged on."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from repdrift.experiments.evaluation import Evaluation
from repdrift.experiments.transfer.halves import Images, halves
from repdrift.experiments.transfer.learning_rates import tuned
from repdrift.experiments.transfer.specs import RatesSpec
from repdrift.experiments.transfer.tables import (
    CHOSEN,
    FASTEST,
    RATES,
    SPEED,
    TEST_ACCURACY,
    TUNED_ACCURACY,
    TUNED_SPEED,
)
from repdrift.networks.evaluation import evaluate

Row = dict[str, object]


def speed(history: Path, epochs: int) -> float:
    """Return the mean training accuracy in percent of the first epochs of a history."""
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return fmean(float(row["train_accuracy"]) for row in rows if 1 <= int(row["epoch"]) <= epochs)


def start_rows(
    run: Evaluation[RatesSpec], names: Sequence[str], histories: dict[str, Path], test: tuple[Images, Images]
) -> Iterator[Row]:
    """Yield the rows of the networks from one start, named in the order of the learning rates."""
    one, other = ([evaluate(run.networks[name], *half)[1] for name in names] for half in test)
    shares = [len(labels) for _, labels in test]
    speeds = [speed(histories[name], run.spec.epochs) for name in names]
    found = tuned(one, other, speeds)
    for place, rate in enumerate(run.spec.rates):
        accuracy = (shares[0] * one[place] + shares[1] * other[place]) / sum(shares)
        yield {"measure": TEST_ACCURACY, "rate": rate, "value": accuracy}
        yield {"measure": SPEED, "rate": rate, "value": speeds[place]}
        yield {"measure": CHOSEN, "rate": rate, "value": found.choices.count(place) / len(found.choices)}
    yield {"measure": TUNED_ACCURACY, "rate": None, "value": found.accuracy}
    yield {"measure": TUNED_SPEED, "rate": None, "value": found.speed}
    yield {"measure": FASTEST, "rate": None, "value": max(speeds)}


def main() -> None:
    run = Evaluation.begin(__doc__, RatesSpec, ["histories"])
    spec = run.spec
    histories = dict(zip(spec.networks, run.files("histories"), strict=True))
    test = halves(*run.images("test", spec.test_images))
    rows = [
        {"side": spec.side, "network": start, **row}
        for start, names in spec.starts.items()
        for row in start_rows(run, names, histories, test)
    ]
    run.save(rows, RATES.written, spec.dataset, spec.seed)
