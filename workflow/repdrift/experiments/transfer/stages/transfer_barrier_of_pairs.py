"""Evaluate the networks on the lines between pairs of networks, with BN statistics obtained in two ways."""

from collections.abc import Iterator

import torch
from torch import Tensor

from repdrift.experiments.evaluation import Evaluation
from repdrift.experiments.transfer.halves import Images, halves
from repdrift.experiments.transfer.interpolation import barrier, even_shares
from repdrift.experiments.transfer.specs import LinesSpec
from repdrift.experiments.transfer.tables import (
    BARRIER,
    BARRIER_HEIGHT,
    INTERPOLATED,
    RE_ESTIMATED,
    TEST_ACCURACY,
    TEST_LOSS,
)
from repdrift.networks.building import build
from repdrift.networks.evaluation import score
from repdrift.networks.interpolation import interpolated
from repdrift.networks.representations import calibrated

Row = dict[str, object]


def line(
    run: Evaluation[LinesSpec], first: str, second: str, test: tuple[Images, Images], calibration: Tensor
) -> Iterator[Row]:
    """Yield the rows of a pair: loss and accuracy of every network on the line, and then the barriers.

    `test` are the two halves of the test images.
    """
    ends = [run.networks[name].state_dict() for name in (first, second)]
    network = build(run.spec.network).to(run.device).eval()
    shares = even_shares(run.spec.points)
    sizes = torch.tensor([len(labels) for _, labels in test], dtype=torch.float64)
    accuracies: dict[str, tuple[list[float], list[float]]] = {RE_ESTIMATED: ([], []), INTERPOLATED: ([], [])}
    for share in shares:
        network.load_state_dict(interpolated(ends[0], ends[1], share))
        for bn, found in accuracies.items():
            evaluated = calibrated(network, calibration) if bn == RE_ESTIMATED else network
            scores = [score(evaluated, *half) for half in test]
            for of_half, (_, accuracy) in zip(found, scores, strict=True):
                of_half.append(accuracy)
            loss, accuracy = (torch.tensor(scores, dtype=torch.float64).T @ sizes / sizes.sum()).tolist()
            yield {"bn": bn, "measure": TEST_ACCURACY, "at": share, "value": accuracy}
            yield {"bn": bn, "measure": TEST_LOSS, "at": share, "value": loss}
    for bn, found in accuracies.items():
        yield {"bn": bn, "measure": BARRIER_HEIGHT, "at": None, "value": barrier(shares, *found)}


def main() -> None:
    run = Evaluation.begin(__doc__, LinesSpec)
    test = halves(*run.images("test", run.spec.test_images))
    calibration, _ = run.images("train", run.spec.calibration)
    rows = [
        {"pair": pair, **row}
        for pair, (first, second) in run.spec.pairs.items()
        for row in line(run, first, second, test, calibration)
    ]
    run.save(rows, BARRIER.written, run.spec.dataset, run.spec.seed)
