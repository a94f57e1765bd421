"""Claims N1 to N12 of Neyshabur, Sedghi and Zhang (2020): what is being transferred in transfer learning.

The claims are tested in kind, not in numbers, since data sets differ and the network is small. The paper leaves some
things open, which were decided here before any data. Comments mark margins that are not from the paper. The closest
target is the one with the images of the source.
"""

from collections.abc import Iterator
from itertools import pairwise

from repdrift.claims.contrasts import HISTORY, Claim, Contrast, Key, claims_of, contrast, difference, trend
from repdrift.experiments.transfer.experiment import Transfer
from repdrift.experiments.transfer.tables import (
    BARRIER,
    BARRIER_HEIGHT,
    CRITICALITY,
    INTERPOLATED,
    L2_DISTANCE,
    MISTAKES,
    NO_PART,
    RE_ESTIMATED,
    REWOUND_ACCURACY,
    SHARED,
    SIMILARITY,
    TEST_ACCURACY,
    WHOLE,
)
from repdrift.study.tasks import SIDE

MARGIN = 1.0  # our margin in percentage points: a lower barrier counts as none, a smaller gain as saturated
SATURATED = 0.65  # the share of pre-training after which gains have saturated: epochs 59 to 61 of 90 in the paper
BLOCKS = ("block1", "block2", "block3", "block4")
LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
FINAL = ("test_accuracy", "last")


def claims(experiment: Transfer) -> list[Claim]:
    """Return all claims, with the contrasts that the targets of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """The contrasts of the claims for all targets. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Transfer) -> None:
        self.experiment = experiment
        self.targets, self.sweeps = experiment.targets, experiment.sweeps
        self.study = experiment.study
        self.title = experiment.study.title
        self.speed = ("train_accuracy", f"to{experiment.epochs}")
        self.first = f"of epochs 1 to {experiment.epochs}"
        self.closest = experiment.study.datasets_of(["domain"])[0]
        self.sides = [side for side in experiment.sides if side]
        self.blocks = f"blocks of {min(self.sides)} to {max(self.sides)}"

    # Histories

    def better(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            yield self._gain("final test accuracy, P-T less RI-T", dataset, FINAL)

    def better_where_close(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            if self.closest in self.targets and dataset != self.closest:
                closest, other = (self._gain("", target, FINAL).by_key for target in (self.closest, dataset))
                weights = {**closest, **{key: -weight for key, weight in other.items()}}
                label = f"gain in accuracy on {self.title(self.closest)} less that here"
                yield contrast(label, HISTORY, weights, self.title(dataset))

    def faster(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            yield self._gain(f"training accuracy {self.first}, P-T less RI-T", dataset, self.speed)

    def worse_in_blocks(self) -> Iterator[Contrast]:
        for start in ("P-T", "RI-T"):
            for dataset in self.sweeps:
                keys = [(self.experiment.shuffled(dataset, side, start).name, *FINAL) for side in self.sides]
                label = f"accuracy of {start}, {self.blocks}"
                yield from trend(label, keys, 1, layer=self.title(dataset), table=HISTORY)

    def less_advantage_in_blocks(self) -> Iterator[Contrast]:
        """Yield trends of ln P-T less ln RI-T.

        The relative drop 1 - RI-T / P-T rises with this difference of logarithms, which a weighted sum can express.
        """
        label = f"ln accuracy, P-T less RI-T, {self.blocks}"
        for dataset in self.sweeps:
            parts: list[dict[Key, float]] = []
            for start, sign in (("P-T", 1), ("RI-T", -1)):
                runs = [self.experiment.shuffled(dataset, side, start).name for side in self.sides]
                keys = [(run, "log test_accuracy", "last") for run in runs]
                parts += [found.by_key for found in trend(label, keys, sign, table=HISTORY)]
            if parts:
                yield contrast(label, HISTORY, {**parts[0], **parts[1]}, self.title(dataset))

    def something_remains(self) -> Iterator[Contrast]:
        for side, what in ((0, "all values shuffled"), (1, "pixels shuffled")):
            for measure, how in (("final test accuracy", FINAL), (f"training accuracy {self.first}", self.speed)):
                for dataset in self.sweeps if side in self.experiment.sides else ():
                    yield self._gain(f"{what}: {measure}", dataset, how, side)

    def saturates(self) -> Iterator[Contrast]:
        epochs = self.study.config.pretrain.epochs
        early = [epoch for epoch in self.experiment.checkpoints if SATURATED * epochs <= epoch < epochs]
        for dataset in self.sweeps if early else ():
            runs = [self.experiment.from_epoch(dataset, epoch).name for epoch in (early[0], epochs)]
            weights: dict[Key, float] = {(runs[0], *FINAL): 1.0, (runs[1], *FINAL): -1.0}
            label = f"accuracy from epochs {early[0]} and {epochs} within {MARGIN:.0f} point"
            yield contrast(label, HISTORY, weights, self.title(dataset), within=MARGIN)

    def _gain(self, label: str, dataset: str, what: tuple[str, str], side: int = SIDE) -> Contrast:
        trained = self.experiment.trained(dataset)
        runs = [
            (trained[start] if side == SIDE else self.experiment.shuffled(dataset, side, start)).name
            for start in ("P-T", "RI-T")
        ]
        return difference(label, (runs[0], *what), (runs[1], *what), table=HISTORY, layer=self.title(dataset))

    # Pairs of networks

    def alike(self) -> Iterator[Contrast]:
        for estimator in self.study.config.similarity.estimators:
            for other in ("RI-T & P-T", "RI-T & RI-T"):
                for layer in LAYERS:
                    label = f"{estimator}, {layer}: P-T & P-T less {other}"
                    yield from self._pairs(label, ("P-T & P-T", other), estimator, (layer, layer))

    def falls_with_depth(self) -> Iterator[Contrast]:
        for estimator in self.study.config.similarity.estimators:
            for earlier, later in pairwise(LAYERS):
                label = f"{estimator}: {earlier} less {later}"
                yield from self._pairs(label, ("P-T & P", "P-T & P"), estimator, (earlier, later))

    def closer(self) -> Iterator[Contrast]:
        for far, near in (("RI-T & RI-T", "P-T & P-T"), ("RI-T & P", "P-T & P")):
            yield from self._pairs(f"l2 distance, {far} less {near}", (far, near), L2_DISTANCE, (WHOLE, WHOLE))

    def farther_with_depth(self) -> Iterator[Contrast]:
        for pair in ("P-T & P", "RI-T & RI"):
            for dataset in self.targets:
                keys = [SIMILARITY.key(dataset=dataset, pair=pair, measure=L2_DISTANCE, item=block) for block in BLOCKS]
                label = f"l2 distance of {pair}, block 1 to 4"
                yield from trend(label, keys, 1, layer=self.title(dataset), table=SIMILARITY.name)

    def mistakes(self) -> Iterator[Contrast]:
        label = "share of mistakes in common, P-T & P-T less RI-T & RI-T"
        yield from self._pairs(label, ("P-T & P-T", "RI-T & RI-T"), MISTAKES, (SHARED, SHARED))

    def _pairs(self, label: str, pairs: tuple[str, str], measure: str, items: tuple[str, str]) -> Iterator[Contrast]:
        for dataset in self.targets:
            more, less = (
                SIMILARITY.key(dataset=dataset, pair=pair, measure=measure, item=item)
                for pair, item in zip(pairs, items, strict=True)
            )
            yield difference(label, more, less, table=SIMILARITY.name, layer=self.title(dataset))

    # Lines

    def barriers(self) -> Iterator[Contrast]:
        for bn, decides in ((RE_ESTIMATED, True), (INTERPOLATED, False)):
            for pair in ("P-T & P-T", "RI-T & RI-T", "RI-T & P-T", "RI-T & RI-T, same start"):
                sign = -1.0 if pair == "P-T & P-T" else 1.0
                side = "below" if pair == "P-T & P-T" else "above"
                label = f"BN {bn}: {pair} {side} {MARGIN:.0f} point"
                for dataset in self.targets:
                    weights = {_height(dataset, pair, bn): sign}
                    title, margin = self.title(dataset), -sign * MARGIN
                    yield contrast(label, BARRIER.name, weights, title, constant=margin, decides=decides)
            for dataset in self.targets:
                pairs = ("RI-T & RI-T", "RI-T & RI-T, same start")
                more, less = (_height(dataset, pair, bn) for pair in pairs)
                label = f"BN {bn}: RI-T & RI-T less that from the same start"
                yield contrast(label, BARRIER.name, {more: 1.0, less: -1.0}, self.title(dataset), decides=decides)

    def middle(self) -> Iterator[Contrast]:
        for dataset in self.targets if self.experiment.settings.points % 2 else ():
            weights = {
                _on_line(dataset, place): weight for place, weight in (("0.5", 1.0), ("0.0", -0.5), ("1.0", -0.5))
            }
            yield contrast("accuracy half-way less that of the ends", BARRIER.name, weights, self.title(dataset))

    # Parts

    def critical(self) -> Iterator[Contrast]:
        """Yield contrasts of the test accuracies of networks in which one part is rewound."""
        low, high = BLOCKS[:2], (BLOCKS[-1], "head")
        first, *others = BLOCKS
        for label, weights in (
            ("P-T: block4 or head rewound costs more than block1 or 2",
             {**{("P-T", part): 0.5 for part in low}, **{("P-T", part): -0.5 for part in high}}),
            ("RI-T: block1 rewound costs more than other blocks",
             {**{("RI-T", part): 1 / 3 for part in others}, ("RI-T", first): -1.0}),
            ("block1 rewound costs RI-T more than P-T",
             {("P-T", first): 1.0, ("P-T", NO_PART): -1.0, ("RI-T", first): -1.0, ("RI-T", NO_PART): 1.0}),
        ):  # fmt: skip
            for dataset in self.targets:
                keyed = {_rewound(dataset, network, part): weight for (network, part), weight in weights.items()}
                yield contrast(label, CRITICALITY.name, keyed, self.title(dataset))


def _height(dataset: str, pair: str, bn: str) -> Key:
    """Return the key of the barrier between a pair of networks."""
    return BARRIER.key(dataset=dataset, pair=pair, bn=bn, measure=BARRIER_HEIGHT)


def _on_line(dataset: str, place: str) -> Key:
    """Return the key of the test accuracy at a point on the line between two P-T."""
    return BARRIER.key(dataset=dataset, pair="P-T & P-T", bn=RE_ESTIMATED, measure=TEST_ACCURACY, at=place)


def _rewound(dataset: str, network: str, part: str) -> Key:
    """Return the key of the test accuracy of a network in which one part has its weights from before training."""
    return CRITICALITY.key(dataset=dataset, network=network, part=part, measure=REWOUND_ACCURACY)


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
