"""Claims N1 to N12 of Neyshabur, Sedghi and Zhang (2020): what is being transferred in transfer learning.

In kind, not in numbers: other data sets and a small network with batch normalisation. What the paper leaves open is
decided here, before any data; margins that it does not give are marked as ours. Closest target: that of the source's
own images.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from repdrift.claims import HISTORY, Claim, Contrast, Key, difference, trend

if TYPE_CHECKING:
    from repdrift.transfer.plan import Transfer

SIMILARITY, BARRIER, CRITICALITY = "transfer_similarity", "transfer_barrier", "transfer_criticality"
MARGIN = 1.0  # ours, percentage points: a barrier below it is none, a gain below it has saturated
SATURATED = 0.65  # of pre-training: the paper's epochs 59 to 61 of 90
BLOCKS = ("block1", "block2", "block3", "block4")
LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
FINAL = ("test_accuracy", "last")


def claims(experiment: Transfer) -> list[Claim]:
    """All claims, with the contrasts that the study's targets allow."""
    of = Contrasts(experiment)
    return [
        Claim(name, sentence, source, figure, tuple(contrasts(of)))
        for name, sentence, source, figure, contrasts in CLAIMS
    ]


class Contrasts:
    """Contrasts of the claims, for all targets of an experiment."""

    def __init__(self, experiment: Transfer) -> None:
        self.experiment = experiment
        self.targets, self.sweeps = experiment.targets, experiment.sweeps
        self.title = experiment.plan.title
        self.speed = ("train_accuracy", f"to{experiment.epochs}")
        self.closest = experiment.plan.datasets_of(["domain"])[0]

    # Histories

    def better(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            yield self._gain(f"{self.title(dataset)}: final test accuracy, P-T less RI-T", dataset, FINAL)

    def better_where_close(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            if self.closest in self.targets and dataset != self.closest:
                closest, other = (self._gain("", target, FINAL).weights for target in (self.closest, dataset))
                weights = {**closest, **{key: -weight for key, weight in other.items()}}
                label = f"gain in accuracy, {self.title(self.closest)} less {self.title(dataset)}"
                yield Contrast(label, HISTORY, weights)

    def faster(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            label = f"{self.title(dataset)}: mean training accuracy of the first epochs, P-T less RI-T"
            yield self._gain(label, dataset, self.speed)

    def worse_in_blocks(self) -> Iterator[Contrast]:
        sides = [side for side in self.experiment.sides if side]
        for dataset in self.sweeps:
            for start in ("P-T", "RI-T"):
                keys = [(self.experiment.shuffled(dataset, side, start).name, *FINAL) for side in sides]
                yield from trend(f"{self._where(dataset, sides)}: accuracy of {start}", keys, 1, table=HISTORY)

    def less_advantage_in_blocks(self) -> Iterator[Contrast]:
        """The relative drop 1 - RI-T / P-T rises with ln P-T less ln RI-T, which is a sum."""
        sides = [side for side in self.experiment.sides if side]
        centre = (len(sides) - 1) / 2
        total = sum((rank - centre) ** 2 for rank in range(len(sides)))
        for dataset in self.sweeps:
            weights: dict[Key, float] = {}
            for rank, side in enumerate(sides):
                for start, sign in (("P-T", 1.0), ("RI-T", -1.0)):
                    run = self.experiment.shuffled(dataset, side, start).name
                    weights[run, "log test_accuracy", "last"] = sign * (rank - centre) / total
            if len(sides) > 1:
                yield Contrast(f"{self._where(dataset, sides)}: ln accuracy, P-T less RI-T", HISTORY, weights)

    def something_remains(self) -> Iterator[Contrast]:
        for dataset in self.sweeps:
            for side in (0, 1):
                if side in self.experiment.sides:
                    what = f"{self.title(dataset)}, " + ("single pixels shuffled" if side else "all values shuffled")
                    yield self._gain(f"{what}: final test accuracy", dataset, FINAL, side)
                    yield self._gain(f"{what}: mean training accuracy of the first epochs", dataset, self.speed, side)

    def saturates(self) -> Iterator[Contrast]:
        epochs = self.experiment.plan.config["pretrain"]["epochs"]
        early = [epoch for epoch in self.experiment.checkpoints if SATURATED * epochs <= epoch < epochs]
        for dataset in self.sweeps if early else ():
            runs = [self.experiment.from_epoch(dataset, epoch).name for epoch in (early[0], epochs)]
            weights: dict[Key, float] = {(runs[0], *FINAL): 1.0, (runs[1], *FINAL): -1.0}
            label = (
                f"{self.title(dataset)}: final accuracy from epochs {early[0]} and {epochs} within {MARGIN:.0f} point"
            )
            yield Contrast(label, HISTORY, weights, within=MARGIN)

    def _gain(self, label: str, dataset: str, what: tuple[str, str], side: int | None = None) -> Contrast:
        trained = self.experiment.trained(dataset)
        runs = [
            (trained[start] if side is None else self.experiment.shuffled(dataset, side, start)).name
            for start in ("P-T", "RI-T")
        ]
        return difference(label, (runs[0], *what), (runs[1], *what), table=HISTORY)

    def _where(self, dataset: str, sides: list[int]) -> str:
        return f"{self.title(dataset)}, blocks of {min(sides)} to {max(sides)}"

    # Pairs of networks

    def alike(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            for estimator in self.experiment.plan.config["similarity"]["estimators"]:
                for other in ("RI-T & P-T", "RI-T & RI-T"):
                    for layer in LAYERS:
                        keys = [(dataset, pair, estimator, layer) for pair in ("P-T & P-T", other)]
                        label = f"{self.title(dataset)}, {estimator}, {layer}: P-T & P-T less {other}"
                        yield difference(label, keys[0], keys[1], table=SIMILARITY)

    def falls_with_depth(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            for estimator in self.experiment.plan.config["similarity"]["estimators"]:
                for earlier, later in pairwise(LAYERS):
                    keys = [(dataset, "P-T & P", estimator, layer) for layer in (earlier, later)]
                    label = f"{self.title(dataset)}, {estimator}: {earlier} less {later}"
                    yield difference(label, keys[0], keys[1], table=SIMILARITY)

    def closer(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            for far, near in (("RI-T & RI-T", "P-T & P-T"), ("RI-T & P", "P-T & P")):
                keys = [(dataset, pair, "l2 distance", "whole") for pair in (far, near)]
                yield difference(f"{self.title(dataset)}: l2, {far} less {near}", keys[0], keys[1], table=SIMILARITY)

    def farther_with_depth(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            for pair in ("P-T & P", "RI-T & RI"):
                keys = [(dataset, pair, "l2 distance", block) for block in BLOCKS]
                yield from trend(f"{self.title(dataset)}: l2 of {pair}, by block", keys, 1, table=SIMILARITY)

    def mistakes(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            keys = [(dataset, pair, "mistakes", "shared") for pair in ("P-T & P-T", "RI-T & RI-T")]
            label = f"{self.title(dataset)}: share of mistakes in common, two P-T less two RI-T"
            yield difference(label, keys[0], keys[1], table=SIMILARITY)

    # Lines

    def barriers(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            for bn, decides in (("re-estimated", True), ("interpolated", False)):
                for pair in ("P-T & P-T", "RI-T & RI-T", "RI-T & P-T", "RI-T & RI-T, same start"):
                    none = pair == "P-T & P-T"
                    weights: dict[Key, float] = {(dataset, pair, bn, "barrier", ""): -1.0 if none else 1.0}
                    side = "below" if none else "above"
                    label = f"{self.title(dataset)}, BN {bn}: barrier of {pair} {side} {MARGIN:.0f} point"
                    constant = MARGIN if none else -MARGIN
                    yield Contrast(label, BARRIER, weights, constant=constant, decides=decides)
                pairs = ("RI-T & RI-T", "RI-T & RI-T, same start")
                keys = [(dataset, pair, bn, "barrier", "") for pair in pairs]
                weights = {keys[0]: 1.0, keys[1]: -1.0}
                label = f"{self.title(dataset)}, BN {bn}: barrier of RI-T & RI-T less that from the same start"
                yield Contrast(label, BARRIER, weights, decides=decides)

    def middle(self) -> Iterator[Contrast]:
        if self.experiment.config["points"] % 2:
            for dataset in self.targets:
                on_line = (dataset, "P-T & P-T", "re-estimated", "test accuracy")
                weights: dict[Key, float] = {(*on_line, "0.5"): 1.0, (*on_line, "0.0"): -0.5, (*on_line, "1.0"): -0.5}
                yield Contrast(f"{self.title(dataset)}: accuracy half-way less that of the ends", BARRIER, weights)

    # Parts

    def critical(self) -> Iterator[Contrast]:
        """By the accuracy that rewinding a part costs; `block1` and the last two parts stand for low and high."""
        for dataset in self.targets:

            def kept(network: str, part: str, dataset: str = dataset) -> Key:
                return (dataset, network, part, "", "rewound test accuracy", "", "")

            title = self.title(dataset)
            weights = {kept("P-T", part): 0.5 for part in BLOCKS[:2]}
            weights |= {kept("P-T", part): -0.5 for part in (BLOCKS[-1], "head")}
            label = f"{title}, P-T: rewinding block4 or head costs more than block1 or block2"
            yield Contrast(label, CRITICALITY, weights)
            weights = {kept("RI-T", part): 1 / 3 for part in BLOCKS[1:]}
            weights[kept("RI-T", BLOCKS[0])] = -1.0
            yield Contrast(f"{title}, RI-T: rewinding block1 costs more than the other blocks", CRITICALITY, weights)
            weights = {kept("P-T", BLOCKS[0]): 1.0, kept("P-T", "none"): -1.0}
            weights |= {kept("RI-T", BLOCKS[0]): -1.0, kept("RI-T", "none"): 1.0}
            yield Contrast(f"{title}: rewinding block1 costs RI-T more than P-T", CRITICALITY, weights)


CLAIMS = (
    ("N1", "Pre-training helps on every target", "figures 2 and 3", "transfer_shuffle", Contrasts.better),
    ("N1b", "... most on the closest one", "figure 2", "transfer_shuffle", Contrasts.better_where_close),
    ("N2", "Pre-trained networks learn faster on every target", "figure 3", "transfer_shuffle", Contrasts.faster),
    ("N3", "In smaller blocks all networks are worse", "figure 3", "transfer_shuffle", Contrasts.worse_in_blocks),
    ("N3b", "... and the relative advantage of pre-training falls", "figure 3", "transfer_shuffle",
     Contrasts.less_advantage_in_blocks),
    ("N4", "Some of it remains where all structure is destroyed", "section 3.1, figure 3", "transfer_shuffle",
     Contrasts.something_remains),
    ("N5", "Two P-T are more similar than P-T and RI-T, or two RI-T", "table 1", "transfer_similarity",
     Contrasts.alike),
    ("N5b", "Similarity of P-T and P falls with depth", "table 1", "transfer_similarity", Contrasts.falls_with_depth),
    ("N6", "Weights: two P-T are closer than two RI-T, P-T closer to P than RI-T is", "table 2", "transfer_similarity",
     Contrasts.closer),
    ("N7", "The distance grows towards higher blocks", "appendix", "transfer_similarity", Contrasts.farther_with_depth),
    ("N8", "No barrier between two P-T, but between two RI-T, and RI-T and P-T; a smaller one from the same start",
     "figures 4 and 16", "transfer_barrier", Contrasts.barriers),
    ("N9", "Half-way between two P-T is no worse than they are", "figure 4", "transfer_barrier", Contrasts.middle),
    ("N10", "Two P-T make more similar mistakes than two RI-T", "section 3.2", "transfer_similarity",
     Contrasts.mistakes),
    ("N11", "In P-T high parts are critical, in RI-T the first; it is flat in P-T", "figures 5 and 6",
     "transfer_criticality", Contrasts.critical),
    ("N12", "The benefit of pre-training saturates before its end", "figure 7", "transfer_checkpoints",
     Contrasts.saturates),
)  # fmt: skip
