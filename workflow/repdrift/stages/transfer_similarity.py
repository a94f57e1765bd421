"""Compare pairs of networks trained on one target: representations, distance of their weights, mistakes."""

from collections.abc import Iterator

from torch import Tensor

from repdrift.activations import representations
from repdrift.distances import l2_distances
from repdrift.networks import Conv4
from repdrift.similarity import ESTIMATORS
from repdrift.stages import command
from repdrift.stages.evaluation import Evaluation
from repdrift.transfer.mistakes import compared, mistakes

COLUMNS = ("dataset", "seed", "pair", "measure", "item", "value")
DISTANCE, MISTAKES = "l2 distance", "mistakes"

Row = dict[str, object]


def similarities(
    pair: str, first: dict[str, Tensor], second: dict[str, Tensor], estimators: list[str]
) -> Iterator[Row]:
    for name in estimators:
        for layer, values in first.items():
            states = (ESTIMATORS[name].prepare(values), ESTIMATORS[name].prepare(second[layer]))
            yield {"pair": pair, "measure": name, "item": layer, "value": ESTIMATORS[name].compare(*states)}


def distances(pair: str, first: Conv4, second: Conv4) -> Iterator[Row]:
    for part, value in l2_distances(first, second).items():
        yield {"pair": pair, "measure": DISTANCE, "item": part, "value": value}


def main() -> None:
    run = Evaluation.begin(__doc__)
    spec = run.spec
    images, labels = run.images("test", spec["test_images"])
    probe = images[: spec["probe"]]
    calibration = run.images("train", spec["calibration"])[0] if spec["calibration"] else None
    wrong = {name: mistakes(network, images, labels) for name, network in run.networks.items()}
    rows: list[Row] = []
    for pair, (first, second) in spec["pairs"].items():
        ours, theirs = run.networks[first], run.networks[second]
        read = [representations(network, probe, calibration) for network in (ours, theirs)]
        rows += similarities(pair, read[0], read[1], spec["estimators"])
        rows += distances(pair, ours, theirs)
        for kind, value in compared(wrong[first], wrong[second]).items():
            rows.append({"pair": pair, "measure": MISTAKES, "item": kind, "value": value})
    run.save(rows, COLUMNS)


if __name__ == "__main__":
    command.run(main)
