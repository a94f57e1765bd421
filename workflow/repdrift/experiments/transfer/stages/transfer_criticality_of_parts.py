"""Rewind each part of networks that were trained on one target, and measure its criticality along two paths."""

from collections.abc import Iterator, Sequence
from itertools import product

from torch import Tensor

from repdrift.experiments.evaluation import Evaluation
from repdrift.experiments.transfer.criticality import PartInNetwork, criticality
from repdrift.experiments.transfer.specs import CriticalitySpec
from repdrift.experiments.transfer.tables import (
    CRITICALITY,
    DIRECT,
    NO_PART,
    OPTIMISATION,
    PART_CRITICALITY,
    REWOUND_ACCURACY,
    TRAINING_LOSS,
)
from repdrift.networks.distances import Weights, l2_distance, weights
from repdrift.networks.evaluation import evaluate
from repdrift.networks.interpolation import interpolated
from repdrift.seeds import seed_for

COLUMNS = (*CRITICALITY.written[:-1], "distance", "value")

Row = dict[str, object]


def paths(run: Evaluation[CriticalitySpec], steps: Sequence[str], part: str) -> dict[str, dict[float, Weights]]:
    """Return the weights of a part along both paths, by path and by place from 0 (before training) to 1 (after)."""
    way = [weights(run.networks[name].parts[part]) for name in steps]
    straight: dict[float, Weights] = {share: interpolated(way[0], way[-1], share) for share in run.spec.distances}
    return {DIRECT: straight, OPTIMISATION: {place / (len(way) - 1): found for place, found in enumerate(way)}}


def landscape(run: Evaluation[CriticalitySpec], name: str, part: str, train: tuple[Tensor, Tensor]) -> Iterator[Row]:
    """Yield the rows of a part: for each path, the losses over a grid of places and noises, and the criticality."""
    spec, steps = run.spec, run.spec.paths[name]
    moved = PartInNetwork(run.networks[steps[-1]], part, *train)
    start = weights(run.networks[steps[0]].parts[part])
    limit = moved.evaluate(weights(moved.part))[0] + spec.excess
    seed = seed_for("criticality", spec.seed, f"{spec.dataset}/{name}/{part}")
    for path, places in paths(run, steps, part).items():
        grid = []
        for (place, values), noise in product(places.items(), spec.noises):
            loss, _ = moved.noisy(values, noise, spec.draws, seed)
            grid.append((l2_distance(start, values), noise, loss))
            yield {
                "path": path,
                "measure": TRAINING_LOSS,
                "at": place,
                "noise": noise,
                "distance": grid[-1][0],
                "value": loss,
            }
        distances, noises, losses = zip(*grid, strict=True)
        value = criticality(distances, noises, losses, limit)
        yield {"path": path, "measure": PART_CRITICALITY, "distance": max(distances), "value": value}


def rewound(run: Evaluation[CriticalitySpec], name: str, part: str, test: tuple[Tensor, Tensor]) -> float:
    """Return the test accuracy in percent of a network in which one part has its weights from before training."""
    first, *_, last = run.spec.paths[name]
    start = weights(run.networks[first].parts[part])
    return PartInNetwork(run.networks[last], part, *test).evaluate(start)[1]


def main() -> None:
    run = Evaluation.begin(__doc__, CriticalitySpec)
    train, test = run.images("train", run.spec.train_images), run.images("test", run.spec.test_images)
    rows: list[Row] = []
    for name, steps in run.spec.paths.items():
        network = run.networks[steps[-1]]
        rows.append(
            {"network": name, "part": NO_PART, "measure": REWOUND_ACCURACY, "value": evaluate(network, *test)[1]}
        )
        for part in network.parts:
            rows.append(
                {"network": name, "part": part, "measure": REWOUND_ACCURACY, "value": rewound(run, name, part, test)}
            )
            rows += ({"network": name, "part": part, **row} for row in landscape(run, name, part, train))
    run.save(rows, COLUMNS, run.spec.dataset, run.spec.seed)
