"""Claims N1 to N12 of Neyshabur, Sedghi and Zhang (2020): what is being transferred in transfer learning.

The claims are tested in kind, not in numbers, since data sets differ and the network is small. The paper leaves some
things open. Comments here, and docs/transfer.md, say what was decided. The closest target is the one with the images of
the source. All thresholds that a comment calls ours are not from the paper.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from repdrift.claims.contrasts import (
    HISTORY,
    Claim,
    Contrast,
    Key,
    Scale,
    Sentence,
    Weights,
    claims_of,
    contrast,
    difference,
    trend,
    weighted,
)
from repdrift.claims.scales import CKA, KAPPA, LOG_ACCURACY, LOG_RATIO, NO_WORSE, POINTS, SHARE
from repdrift.experiments.transfer.experiment import Transfer
from repdrift.experiments.transfer.pairs import DISAGREEING, STARTS
from repdrift.experiments.transfer.tables import (
    ALL_BLOCKS,
    AMBIGUITY,
    BARRIER,
    BARRIER_HEIGHT,
    CRITICALITY,
    FASTEST,
    INTERPOLATED,
    L2,
    MISTAKES,
    NO_PART,
    ONLY_PRETRAINED,
    ONLY_RANDOM,
    RATES,
    RE_ESTIMATED,
    RELATIVE,
    REWOUND_ACCURACY,
    RMS,
    SHARED,
    SIMILARITY,
    TEST_ACCURACY,
    TUNED_ACCURACY,
    TUNED_SPEED,
    WHOLE,
)
from repdrift.experiments.transfer.tables import KAPPA as OF_KAPPA
from repdrift.similarity.choice import main_estimator
from repdrift.study.architectures import HEAD

SATURATED = 0.65  # the share of pre-training after which gains have saturated: epochs 59 to 61 of 90 in the paper
LOSS = 1.0  # our margin in points: the middle of a line is no worse if it loses less than this
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
        # The paper's tables have the outputs of convolutional stages, so the logits are left out.
        names = experiment.study.architecture
        self.hidden, self.parts = names.hidden, names.blocks
        self.title = experiment.study.title
        self.speed = ("train_accuracy", f"to{experiment.epochs}")
        self.first = f"of epochs 1 to {experiment.epochs}"
        self.closest = experiment.study.datasets_of(["domain"])[0]
        self.sides = [side for side in experiment.sides if side]
        self.blocks = f"blocks of {min(self.sides)} to {max(self.sides)}"
        # The paper's values near 0 are impossible for biased CKA.
        self.judged = main_estimator(experiment.study.config.similarity.estimators)

    # Trainings. The learning rate is tuned for each start, since a rate that suits one may not suit the other.

    def better(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            yield self._tuned_gain("final test accuracy, P-T less RI-T, tuned", dataset, TUNED_ACCURACY)
            yield self._gain("final test accuracy, P-T less RI-T, same learning rate", dataset, FINAL)

    def better_where_close(self) -> Iterator[Contrast]:
        for dataset in self.targets:
            if self.closest in self.targets and dataset != self.closest:
                closest, other = (
                    self._tuned_gain("", target, TUNED_ACCURACY).by_key for target in (self.closest, dataset)
                )
                label = f"gain in accuracy on {self.title(self.closest)} less that here, tuned"
                yield contrast(label, RATES.name, weighted((1, closest), (-1, other)), POINTS, self.title(dataset))

    def faster(self) -> Iterator[Contrast]:
        """Yield differences of speeds. The learning rate that suits the final accuracy decides, as in the paper."""
        label = f"training accuracy {self.first}, P-T less RI-T"
        for dataset in self.targets:
            yield self._tuned_gain(f"{label}, tuned", dataset, TUNED_SPEED)
            yield self._tuned_gain(f"{label}, at the fastest rates", dataset, FASTEST, decides=False)
            yield self._gain(f"{label}, same learning rate", dataset, self.speed)

    def worse_in_blocks(self) -> Iterator[Contrast]:
        for start in STARTS if len(self.sides) > 1 else ():
            for dataset in self.sweeps:
                keys = [(self.experiment.shuffled(dataset, side, start).name, *FINAL) for side in self.sides]
                label = f"fitted change of the accuracy of {start}, {self.blocks}"
                yield contrast(label, HISTORY, trend(keys, 1), POINTS, self.title(dataset))

    def less_advantage_in_blocks(self) -> Iterator[Contrast]:
        """Yield trends of ln P-T less ln RI-T.

        The relative drop 1 - RI-T / P-T rises with this difference of logarithms, which a weighted sum can express. The
        paper says it of targets that resemble the source, and reports the opposite for another one. So the closest
        target decides.
        """
        label = f"fitted change of ln accuracy, P-T less RI-T, {self.blocks}"
        for dataset in self.sweeps if len(self.sides) > 1 else ():
            parts: list[tuple[float, Weights]] = []
            for start, sign in (("P-T", 1), ("RI-T", -1)):
                runs = [self.experiment.shuffled(dataset, side, start).name for side in self.sides]
                parts.append((1.0, trend([(run, "log test_accuracy", "last") for run in runs], sign)))
            title, decides = self.title(dataset), dataset == self.closest
            yield contrast(label, HISTORY, weighted(*parts), LOG_ACCURACY, title, decides=decides)

    def speed_remains(self) -> Iterator[Contrast]:
        what = f"training accuracy {self.first}"
        return self._remains(what, {"tuned": TUNED_SPEED, "at the fastest rates": FASTEST}, self.speed)

    def accuracy_remains(self) -> Iterator[Contrast]:
        return self._remains("final test accuracy", {"tuned": TUNED_ACCURACY}, FINAL)

    def _remains(self, what: str, tuned: Mapping[str, str], measured: tuple[str, str]) -> Iterator[Contrast]:
        names = {0: "all values shuffled", 1: "pixels shuffled"}
        for dataset in self.sweeps:
            for side in sorted(names.keys() & set(self.experiment.sides)):
                label = f"{names[side]}: {what}, P-T less RI-T"
                for how, measure in tuned.items() if side == self.experiment.destroyed else ():
                    yield self._tuned_gain(f"{label}, {how}", dataset, measure, side, decides=how == "tuned")
                yield self._gain(f"{label}, same learning rate", dataset, measured, side)

    def saturates(self) -> Iterator[Contrast]:
        epochs = self.study.config.pretrain.epochs
        early = [epoch for epoch in self.experiment.checkpoints if SATURATED * epochs <= epoch < epochs]
        for dataset in self.sweeps if early else ():
            runs = [self.experiment.from_epoch(dataset, epoch).name for epoch in (epochs, early[0])]
            weights: Weights = {(runs[0], *FINAL): 1.0, (runs[1], *FINAL): -1.0}
            label = f"accuracy from epoch {epochs} less that from epoch {early[0]}: equal"
            yield contrast(label, HISTORY, weights, POINTS, self.title(dataset), equal=True)

    def _gain(self, label: str, dataset: str, what: tuple[str, str], side: int | None = None) -> Contrast:
        """Contrast both starts at the learning rate of the study. It is shown only."""
        side = self.study.side if side is None else side
        more, less = ((self.experiment.shuffled(dataset, side, start).name, *what) for start in STARTS)
        return difference(label, more, less, POINTS, table=HISTORY, layer=self.title(dataset), decides=False)

    def _tuned_gain(
        self, label: str, dataset: str, measure: str, side: int | None = None, *, decides: bool = True
    ) -> Contrast:
        side = self.study.side if side is None else side
        more, less = (RATES.key(dataset=dataset, side=str(side), network=start, measure=measure) for start in STARTS)
        title = self.title(dataset)
        return difference(label, more, less, POINTS, table=RATES.name, layer=title, decides=decides)

    # Pairs of networks

    def alike(self) -> Iterator[Contrast]:
        for estimator in self.study.config.similarity.estimators:
            for other in ("RI-T & P-T", "RI-T & RI-T"):
                for layer in self.hidden:
                    label = f"{estimator}, {layer}: P-T & P-T less {other}"
                    decides = estimator == self.judged
                    yield from self._pairs(label, ("P-T & P-T", other), estimator, layer, CKA, decides=decides)

    def falls_with_depth(self) -> Iterator[Contrast]:
        """Yield the trends over layers, which decide, and the steps from layer to layer."""
        for estimator in self.study.config.similarity.estimators:
            for dataset in self.targets:
                keys = [_pair(dataset, "P-T & P", estimator, layer) for layer in self.hidden]
                label = f"{estimator}: fitted fall of P-T & P from {self.hidden[0]} to {self.hidden[-1]}"
                title, decides = self.title(dataset), estimator == self.judged
                yield contrast(label, SIMILARITY.name, trend(keys, -1), CKA, title, decides=decides)
                for (earlier, more), (later, less) in pairwise(zip(self.hidden, keys, strict=True)):
                    step = f"{estimator}: P-T & P, {earlier} less {later}"
                    yield difference(step, more, less, CKA, table=SIMILARITY.name, layer=title, decides=False)

    def closer(self) -> Iterator[Contrast]:
        """Yield ratios of distances of all blocks, which decide, and of whole networks.

        The head of P belongs to another task, so it is no part of a distance to P. So it is in the paper.
        """
        for part, decides in ((ALL_BLOCKS, True), (WHOLE, False)):
            for far, near in (("RI-T & RI-T", "P-T & P-T"), ("RI-T & P", "P-T & P")):
                label = f"ln l2 distance of {part}, {far} less {near}"
                # A whole network cannot be compared with P where the heads differ in size.
                same = [dataset for dataset in self.targets if not self.study.has_other_classes(dataset)]
                targets = same if part == WHOLE and near == "P-T & P" else self.targets
                yield from self._pairs(label, (far, near), L2, part, LOG_RATIO, targets=targets, decides=decides)

    def farther_with_depth(self) -> Iterator[Contrast]:
        """Yield trends over blocks. Plain l2 distances decide, as in the paper, though they grow with a block.

        Pairs with a common start decide. The distance of unrelated starts is a matter of their initialisation, whose
        expected norm is the same for all convolutions of the network.
        """
        common = ("P-T & P-T", "P-T & P")
        for measure in (L2, RMS, RELATIVE):
            for pair in (*common, "RI-T & RI-T", "RI-T & P"):
                for dataset in self.targets:
                    keys = [_pair(dataset, pair, measure, block) for block in self.parts]
                    label = f"fitted change of {measure} of {pair}, {self.parts[0]} to {self.parts[-1]}"
                    title, decides = self.title(dataset), measure == L2 and pair in common
                    yield contrast(label, SIMILARITY.name, trend(keys, 1), LOG_RATIO, title, decides=decides)

    def mistakes(self) -> Iterator[Contrast]:
        pairs = ("P-T & P-T", "RI-T & RI-T")
        less = f"{pairs[0]} less {pairs[1]}"
        yield from self._pairs(f"error consistency, {less}", pairs, MISTAKES, OF_KAPPA, KAPPA)
        yield from self._pairs(f"mistakes in common, {less}", pairs, MISTAKES, SHARED, POINTS, decides=False)

    def ambiguous(self) -> Iterator[Contrast]:
        """Yield the difference of two shares of ambiguous images, see `ambiguous_shares`; the measure is ours."""
        label = "share of ambiguous images, only P-T wrong less only RI-T wrong"
        for dataset in self.targets:
            more, less = (_pair(dataset, DISAGREEING, AMBIGUITY, item) for item in (ONLY_PRETRAINED, ONLY_RANDOM))
            yield difference(label, more, less, SHARE, table=SIMILARITY.name, layer=self.title(dataset))

    def _pairs(
        self,
        label: str,
        pairs: tuple[str, str],
        measure: str,
        item: str,
        scale: Scale,
        *,
        targets: Sequence[str] | None = None,
        decides: bool = True,
    ) -> Iterator[Contrast]:
        for dataset in self.targets if targets is None else targets:
            more, less = (_pair(dataset, pair, measure, item) for pair in pairs)
            title = self.title(dataset)
            yield difference(label, more, less, scale, table=SIMILARITY.name, layer=title, decides=decides)

    # Lines

    def barriers(self) -> Iterator[Contrast]:
        """Yield the heights of barriers. Less than the margin of 1 point, which is ours, is no barrier."""
        for bn, decides in ((RE_ESTIMATED, True), (INTERPOLATED, False)):
            for dataset in self.targets:
                title, without = self.title(dataset), {_height(dataset, "P-T & P-T", bn): 1.0}
                label = f"BN {bn}: barrier of P-T & P-T: none"
                yield contrast(label, BARRIER.name, without, POINTS, title, equal=True, decides=decides)
            for pair in ("RI-T & RI-T", "RI-T & P-T", "RI-T & RI-T, same start"):
                for dataset in self.targets:
                    weights = {_height(dataset, pair, bn): 1.0}
                    label = f"BN {bn}: barrier of {pair}"
                    yield contrast(label, BARRIER.name, weights, POINTS, self.title(dataset), decides=decides)
            for dataset in self.targets:
                pairs = ("RI-T & RI-T", "RI-T & RI-T, same start")
                more, less = (_height(dataset, pair, bn) for pair in pairs)
                label = f"BN {bn}: RI-T & RI-T less that from the same start"
                title = self.title(dataset)
                yield difference(label, more, less, POINTS, table=BARRIER.name, layer=title, decides=decides)

    def middle(self) -> Iterator[Contrast]:
        """Yield the accuracy half-way less that of the ends, plus the margin of a loss that is none."""
        for dataset in self.targets if self.experiment.settings.points % 2 else ():
            weights = {_on_line(dataset, at): weight for at, weight in (("0.5", 1.0), ("0.0", -0.5), ("1.0", -0.5))}
            label = f"accuracy half-way less that of the ends, above a loss of {LOSS:.0f} point"
            yield contrast(label, BARRIER.name, weights, NO_WORSE, self.title(dataset), constant=LOSS)

    # Parts

    def critical(self) -> Iterator[Contrast]:
        """Yield contrasts of the test accuracies of networks in which one part is rewound."""
        first, *others = self.parts
        compared: list[tuple[str, dict[tuple[str, str], float]]] = [
            (f"{first} rewound costs RI-T more than P-T",
             {("P-T", first): 1.0, ("P-T", NO_PART): -1.0, ("RI-T", first): -1.0, ("RI-T", NO_PART): 1.0}),
        ]  # fmt: skip
        if others:  # the network has several blocks
            low, high = self.parts[:-1][:2], (self.parts[-1], HEAD)
            compared = [
                (f"P-T: {high[0]} or {HEAD} rewound costs more than {' or '.join(low)}",
                 {**{("P-T", part): 1 / len(low) for part in low}, **{("P-T", part): -0.5 for part in high}}),
                (f"RI-T: {first} rewound costs more than other blocks",
                 {**{("RI-T", part): 1 / len(others) for part in others}, ("RI-T", first): -1.0}),
                *compared,
            ]  # fmt: skip
        for label, weights in compared:
            for dataset in self.targets:
                keyed = {_rewound(dataset, network, part): weight for (network, part), weight in weights.items()}
                yield contrast(label, CRITICALITY.name, keyed, POINTS, self.title(dataset))


def _pair(dataset: str, pair: str, measure: str, item: str) -> Key:
    """Return the key of a measurement of a pair of networks."""
    return SIMILARITY.key(dataset=dataset, pair=pair, measure=measure, item=item)


def _height(dataset: str, pair: str, bn: str) -> Key:
    """Return the key of the barrier between a pair of networks."""
    return BARRIER.key(dataset=dataset, pair=pair, bn=bn, measure=BARRIER_HEIGHT)


def _on_line(dataset: str, place: str) -> Key:
    """Return the key of the test accuracy at a point on the line between two P-T."""
    return BARRIER.key(dataset=dataset, pair="P-T & P-T", bn=RE_ESTIMATED, measure=TEST_ACCURACY, at=place)


def _rewound(dataset: str, network: str, part: str) -> Key:
    """Return the key of the test accuracy of a network in which one part has its weights from before training."""
    return CRITICALITY.key(dataset=dataset, network=network, part=part, measure=REWOUND_ACCURACY)


# A sentence about every target, stage or pair needs all of its contrasts.
CLAIMS = (
    Sentence("N1", "Pre-training helps on every target", "figures 2 and 3", "transfer_rates", Contrasts.better),
    Sentence("N1b", "... most on the closest one", "figure 2", "transfer_rates", Contrasts.better_where_close),
    Sentence("N2", "Pre-trained networks learn faster on every target", "figure 3", "transfer_rates",
             Contrasts.faster),
    Sentence("N3", "In smaller blocks all networks are worse", "figure 3", "transfer_shuffle",
             Contrasts.worse_in_blocks),
    Sentence("N3b", "... and the relative advantage of pre-training falls", "figure 3", "transfer_shuffle",
             Contrasts.less_advantage_in_blocks),
    Sentence("N4", "Faster learning remains where all structure is destroyed", "section 3.1, figure 3",
             "transfer_rates", Contrasts.speed_remains),
    Sentence("N4b", "... and some of the gain in accuracy", "figure 3", "transfer_rates", Contrasts.accuracy_remains),
    Sentence("N5", "Two P-T are more similar than P-T and RI-T, or two RI-T", "table 1", "transfer_similarity",
             Contrasts.alike),
    Sentence("N5b", "Similarity of P-T and P falls with depth", "table 1", "transfer_similarity",
             Contrasts.falls_with_depth),
    Sentence("N6", "Weights: two P-T are closer than two RI-T, P-T closer to P than RI-T is", "table 2",
             "transfer_distances", Contrasts.closer),
    Sentence("N7", "The distance grows towards higher blocks", "appendix", "transfer_distances",
             Contrasts.farther_with_depth),
    Sentence("N8", "No barrier between two P-T, but between two RI-T, and RI-T and P-T; a smaller one from the same "
             "start", "figures 4 and 16", "transfer_barrier", Contrasts.barriers),
    Sentence("N9", "Half-way between two P-T is no worse than they are", "figure 4", "transfer_barrier",
             Contrasts.middle),
    Sentence("N10", "Two P-T make more similar mistakes than two RI-T", "section 3.2", "transfer_similarity",
             Contrasts.mistakes),
    Sentence("N10b", "Images that only P-T gets wrong are more often ambiguous than those that only RI-T does",
             "section 3.2", "transfer_similarity", Contrasts.ambiguous),
    Sentence("N11", "In P-T high parts are critical, in RI-T the first; it is flat in P-T", "figures 5 and 6",
             "transfer_criticality", Contrasts.critical),
    Sentence("N12", "The benefit of pre-training saturates before its end", "figure 7", "transfer_checkpoints",
             Contrasts.saturates),
)  # fmt: skip
