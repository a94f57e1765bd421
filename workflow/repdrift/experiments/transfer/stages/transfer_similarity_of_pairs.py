"""Compare pairs of networks that were trained on one target: their representations, weights and mistakes."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from repdrift.experiments.evaluation import Evaluation
from repdrift.experiments.transfer.distances import log_distances
from repdrift.experiments.transfer.mistakes import ambiguity, ambiguous_shares, compare_mistakes, probabilities
from repdrift.experiments.transfer.specs import PairsSpec
from repdrift.experiments.transfer.tables import AMBIGUITY, MISTAKES, ONLY_PRETRAINED, ONLY_RANDOM, SIMILARITY
from repdrift.networks.representations import representations
from repdrift.similarity.compact import smaller
from repdrift.similarity.gram import Representation
from repdrift.similarity.registry import estimator, needs_features

INITIAL = "RI"  # the network whose norms the relative distances refer to

Row = dict[str, object]


def similarities(
    pairs: Mapping[str, tuple[str, str]], layers: dict[str, dict[str, Representation]], name: str
) -> Iterator[Row]:
    """Yield a row for each layer and pair with the similarity by one estimator.

    `layers` has the representations of each network, by network and layer.
    """
    method = estimator(name)
    for layer in next(iter(layers.values())):
        # Only the states of one layer are kept at a time, since a state can have n² numbers for n images.
        states = {network: method.prepare(found[layer]) for network, found in layers.items()}
        for pair, (first, second) in pairs.items():
            value = method.compare(states[first], states[second])
            yield {"pair": pair, "measure": name, "item": layer, "value": value}


def mistake_rows(run: Evaluation[PairsSpec], images: Tensor, labels: Tensor) -> Iterator[Row]:
    """Yield the rows about the mistakes of each pair, and about the ambiguity of those that a pair does not share."""
    spec = run.spec
    # The mistakes of a network for another number of classes mean nothing.
    classes = spec.network["classes"]
    every = {name: probabilities(network, images) for name, network in run.networks.items()}
    given = {name: found for name, found in every.items() if found.shape[1] == classes}
    wrong = {name: found.argmax(1) != labels for name, found in given.items()}
    judged = {pair: both for pair, both in spec.pairs.items() if set(both) <= set(wrong)}
    for pair, (first, second) in judged.items():
        for kind, value in compare_mistakes(wrong[first], wrong[second]).items():
            yield {"pair": pair, "measure": MISTAKES, "item": kind, "value": value}
    random, pretrained = spec.pairs[spec.disagreeing]
    ambiguous = ambiguity([given[name] for name in spec.judges])
    shares = ambiguous_shares(wrong[random], wrong[pretrained], ambiguous)
    for item, value in zip((ONLY_RANDOM, ONLY_PRETRAINED), shares, strict=True):
        yield {"pair": spec.disagreeing, "measure": AMBIGUITY, "item": item, "value": value}


def main() -> None:
    run = Evaluation.begin(__doc__, PairsSpec)
    spec = run.spec
    images, labels = run.images("test", spec.test_images)
    probe = images[: spec.probe]
    calibration = run.images("train", spec.calibration)[0] if spec.calibration else None
    features = any(map(needs_features, spec.estimators))
    layers = {}
    for name, network in run.networks.items():
        of_network = representations(network, probe, calibration, reduce=spec.reduce, folder=run.output.parent)
        layers[name] = of_network if features else {layer: smaller(x) for layer, x in of_network.items()}
    rows: list[Row] = []
    for name in spec.estimators:
        rows += similarities(spec.pairs, layers, name)
    for pair, (first, second) in spec.pairs.items():
        found = log_distances(run.networks[first], run.networks[second], run.networks[INITIAL])
        rows += ({"pair": pair, "measure": measure, "item": part, "value": value} for measure, part, value in found)
    rows += mistake_rows(run, images, labels)
    run.save(rows, SIMILARITY.written, spec.dataset, spec.seed)
