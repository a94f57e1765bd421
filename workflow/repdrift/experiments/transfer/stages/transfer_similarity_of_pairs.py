"""Compare pairs of networks that were trained on one target: their representations, weights and mistakes."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from repdrift.experiments.evaluation import Evaluation
from repdrift.experiments.transfer.mistakes import compare_mistakes, mistakes
from repdrift.experiments.transfer.specs import PairsSpec
from repdrift.experiments.transfer.tables import L2_DISTANCE, MISTAKES, SIMILARITY
from repdrift.networks.conv4 import Conv4
from repdrift.networks.distances import l2_distances
from repdrift.networks.representations import representations
from repdrift.similarity.registry import estimator

Row = dict[str, object]


def similarities(
    pairs: Mapping[str, tuple[str, str]], layers: dict[str, dict[str, Tensor]], name: str
) -> Iterator[Row]:
    """Yield a row for each layer and pair with the similarity by one estimator.

    `layers` has the representations [n, p] of each network, by network and layer.
    """
    method = estimator(name)
    for layer in next(iter(layers.values())):
        # Only the states of one layer are kept at a time, since a state can have n² numbers for n images.
        states = {network: method.prepare(found[layer]) for network, found in layers.items()}
        for pair, (first, second) in pairs.items():
            value = method.compare(states[first], states[second])
            yield {"pair": pair, "measure": name, "item": layer, "value": value}


def distances(pair: str, first: Conv4, second: Conv4) -> Iterator[Row]:
    for part, value in l2_distances(first, second).items():
        yield {"pair": pair, "measure": L2_DISTANCE, "item": part, "value": value}


def main() -> None:
    run = Evaluation.begin(__doc__, PairsSpec)
    spec = run.spec
    images, labels = run.images("test", spec.test_images)
    probe = images[: spec.probe]
    calibration = run.images("train", spec.calibration)[0] if spec.calibration else None
    wrong = {name: mistakes(network, images, labels) for name, network in run.networks.items()}
    layers = {name: representations(network, probe, calibration) for name, network in run.networks.items()}
    rows: list[Row] = []
    for name in spec.estimators:
        rows += similarities(spec.pairs, layers, name)
    for pair, (first, second) in spec.pairs.items():
        rows += distances(pair, run.networks[first], run.networks[second])
        for kind, value in compare_mistakes(wrong[first], wrong[second]).items():
            rows.append({"pair": pair, "measure": MISTAKES, "item": kind, "value": value})
    run.save(rows, SIMILARITY.written, run.spec.dataset, run.spec.seed)
