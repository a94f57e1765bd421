"""Claims H1 to H10 of Evci et al. (2022): Head2Toe, utilizing intermediate representations for better transfer.

The claims are tested in kind, not in numbers, since data sets differ and the network is small. The paper leaves some
things open. docs/head2toe.md says for each claim what was decided, and why. Where the paper speaks of an average over
tasks, the mean over data sets decides: first over the versions of a data set, which are its images as they are and
with shuffled pixels, and then over data sets, so that no data set counts twice. A target is out of distribution if its
images are from another data set than the source's, or are shuffled. Verdicts hold for the targets of the study: their
intervals are over seeds.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from repdrift.claims.contrasts import (
    MEAN,
    Claim,
    Contrast,
    Key,
    Scale,
    Sentence,
    Weights,
    claims_of,
    contrast,
    fitted_change,
    weighted,
)
from repdrift.claims.contrasts import OURS as BY_US
from repdrift.claims.scales import DECADES, POINTS, RANK_CORRELATION
from repdrift.experiments.head2toe.experiment import Head2Toe
from repdrift.experiments.head2toe.method_names import NAMES
from repdrift.experiments.head2toe.tables import (
    AFFINITIES,
    BYTES,
    ENRICHMENT_CORRELATION,
    FINE_TUNING,
    FLOPS,
    GAIN,
    GAIN_CORRELATION,
    HEAD2TOE,
    HEAD2TOE_FT,
    LINEAR,
    LINEAR_INTERMEDIATE,
    LINEAR_SECOND,
    LOG10,
    LP_FT,
    METHODS,
    OURS,
    PAPER,
    RANK_ACCURACY,
    TEST_ACCURACY,
)

A_LITTLE = 4.5  # the largest loss in points on a task of high affinity in figure 1, that on CIFAR-100
FOLD = 2.0  # the decimal logarithm of a hundred
ALL_TARGETS = ""  # the name in place of a target for numbers over all targets
ON_AVERAGE = "mean over data sets"


class Number(NamedTuple):
    """A number that a method has on every target, by default its test accuracy."""

    method: str
    measure: str = TEST_ACCURACY
    item: str = ""

    def on(self, target: str) -> Key:
        """Return the key of this number on one target."""
        return METHODS.key(target=target, method=self.method, measure=self.measure, item=self.item)


def claims(experiment: Head2Toe) -> list[Claim]:
    """Return all claims, with the contrasts that the targets of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """The contrasts of the claims for all targets. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Head2Toe) -> None:
        self.experiment, self.title = experiment, experiment.title
        self.targets = list(experiment.tasks_of)
        self.plain = [target for target, task in experiment.tasks_of.items() if task.shuffle is None]
        (self.own,) = experiment.study.datasets_of(["domain"])
        (self.cross,) = experiment.study.datasets_of(["cross_domain"])
        self.outside = [target for target in self.targets if target not in self.plain or target != self.own]

    # Accuracy

    def over_linear(self) -> Iterator[Contrast]:
        return self._more(HEAD2TOE, LINEAR)

    def matches_tuning(self) -> Iterator[Contrast]:
        return self._more(HEAD2TOE, FINE_TUNING, equal=True)

    def over_tuning_outside(self) -> Iterator[Contrast]:
        return self._more(HEAD2TOE, FINE_TUNING, targets=self.outside)

    def over_regularised(self) -> Iterator[Contrast]:
        for method in ("all-l1", "all-l2", "all-group-lasso"):
            yield from self._more(HEAD2TOE, method)

    def over_unselected(self) -> Iterator[Contrast]:
        for method in ("random", "all"):
            yield from self._more(HEAD2TOE, method)

    def tuned_further(self) -> Iterator[Contrast]:
        """Yield what fine-tuning adds to Head2Toe. What it adds to the linear probe is shown beside it."""
        yield from self._more(HEAD2TOE_FT, HEAD2TOE)
        yield from self._more(LP_FT, LINEAR, decides=False)

    def over_tuned_linear(self) -> Iterator[Contrast]:
        yield from self._more(HEAD2TOE_FT, LP_FT)
        yield from self._more(HEAD2TOE_FT, FINE_TUNING, decides=False)

    def loses_little_where_close(self) -> Iterator[Contrast]:
        """Yield that Head2Toe loses no more than a little on the source's own images.

        That it "may" lose allows a loss and no loss. So the sentence can fail only by a large loss.
        """
        if self.own in self.targets:
            weights = {Number(HEAD2TOE).on(self.own): 1.0, Number(LINEAR).on(self.own): -1.0}
            label, title = "Head2Toe less linear, own images", self.title(self.own)
            yield contrast(
                f"{label}, plus {A_LITTLE:g} points", METHODS.name, weights, POINTS, title, constant=A_LITTLE
            )
            yield contrast(label, METHODS.name, weights, POINTS, title, decides=False)

    # Affinity

    def gain_falls(self) -> Iterator[Contrast]:
        yield self._rank_correlation(GAIN_CORRELATION, "gain over linear")

    def gain_is_largest(self) -> Iterator[Contrast]:
        if self.cross in self.targets:
            for target in self.plain:
                if target != self.cross:
                    more, less = (AFFINITIES.key(target=one, measure=GAIN) for one in (self.cross, target))
                    label = f"gain on {self.title(self.cross)} less that on"
                    yield contrast(label, AFFINITIES.name, {more: 1.0, less: -1.0}, POINTS, self.title(target))

    def early_features(self) -> Iterator[Contrast]:
        yield self._rank_correlation(ENRICHMENT_CORRELATION, "enrichment of early layers")

    def over_second_network(self) -> Iterator[Contrast]:
        return self._more(LINEAR_INTERMEDIATE, LINEAR_SECOND)

    def _rank_correlation(self, measure: str, words: str) -> Contrast:
        label = f"rank correlation of affinity, {words}, over {len(self.targets)} targets, below 0"
        weights = {AFFINITIES.key(target=ALL_TARGETS, measure=measure): -1.0}
        return contrast(label, AFFINITIES.name, weights, RANK_CORRELATION)

    # Cost

    def cheaper_in_the_paper(self) -> Iterator[Contrast]:
        return self._cheaper(PAPER)

    def cheaper_here(self) -> Iterator[Contrast]:
        return self._cheaper(OURS)

    def _cheaper(self, count: str) -> Iterator[Contrast]:
        for measure in (LOG10 + FLOPS, LOG10 + BYTES):
            weights = {Number(FINE_TUNING, measure, count): 1.0, Number(HEAD2TOE, measure, count): -1.0}
            label = f"{measure} of fine-tuning less that of Head2Toe, less {FOLD:g}"
            yield from self._over_targets(label, weights, DECADES, constant=-FOLD)

    # Scores

    def falls_at_every_rank(self) -> Iterator[Contrast]:
        for before, after in pairwise(self._offsets()):
            label = f"accuracy from rank {float(before):.0%} less from {float(after):.0%}"
            yield from self._over_targets(label, {self._rank(before): 1.0, self._rank(after): -1.0}, POINTS)

    def falls_with_rank(self) -> Iterator[Contrast]:
        offsets = self._offsets()
        falls = [-weight for weight in fitted_change(len(offsets))]
        if falls:
            label = f"fall of accuracy from rank {float(offsets[0]):.0%} to {float(offsets[-1]):.0%}"
            yield from self._over_targets(label, dict(zip(map(self._rank, offsets), falls, strict=True)), POINTS)

    def _offsets(self) -> list[str]:
        return [str(offset) for offset in sorted(self.experiment.settings.offsets)]

    def _rank(self, offset: str) -> Number:
        return Number(HEAD2TOE, RANK_ACCURACY, offset)

    # Over targets

    def _more(
        self,
        best: str,
        than: str,
        *,
        targets: Sequence[str] | None = None,
        equal: bool = False,
        decides: bool = True,
    ) -> Iterator[Contrast]:
        label = f"{NAMES[best]} less {NAMES[than]}"
        weights = {Number(best): 1.0, Number(than): -1.0}
        return self._over_targets(label, weights, POINTS, targets=targets, equal=equal, decides=decides)

    def _over_targets(
        self,
        label: str,
        weights: Mapping[Number, float],
        scale: Scale,
        *,
        constant: float = 0.0,
        targets: Sequence[str] | None = None,
        equal: bool = False,
        decides: bool = True,
    ) -> Iterator[Contrast]:
        """Yield the contrast of the mean over data sets, and then one of each target, which does not decide.

        If there is a single target, it is the mean.
        """
        chosen = self.targets if targets is None else targets
        of_targets: dict[str, Weights] = {
            target: {number.on(target): weight for number, weight in weights.items()} for target in chosen
        }
        if len(chosen) > 1:
            shares = self._shares(chosen)
            mean = weighted(*((shares[target], found) for target, found in of_targets.items()))
            words = f"{label}, {ON_AVERAGE}"
            yield contrast(words, METHODS.name, mean, scale, constant=constant, equal=equal, decides=decides)
        for target, found in of_targets.items():
            yield contrast(
                label,
                METHODS.name,
                found,
                scale,
                self.title(target),
                constant=constant,
                equal=equal,
                decides=decides and len(chosen) == 1,
            )

    def _shares(self, targets: Sequence[str]) -> dict[str, float]:
        """Return the share of each target in the mean over data sets."""
        datasets = {target: self.experiment.tasks_of[target].dataset for target in targets}
        of_all = list(datasets.values())
        return {target: 1 / len(set(of_all)) / of_all.count(dataset) for target, dataset in datasets.items()}


CLAIMS = (
    Sentence("H1", "On average Head2Toe beats the linear probe", "table 1", "head2toe", Contrasts.over_linear, MEAN),
    Sentence("H2", "The gain is larger where domain affinity is lower", "figure 1", "head2toe_affinity",
             Contrasts.gain_falls, MEAN),
    Sentence("H2b", "... and largest on the other data set, as on SVHN in the paper", "figure 1", "head2toe_affinity",
             Contrasts.gain_is_largest, origin=BY_US),
    Sentence("H3", "On average it matches fine-tuning", "table 1", "head2toe", Contrasts.matches_tuning, MEAN),
    Sentence("H4", "Out of distribution it beats fine-tuning", "abstract", "head2toe", Contrasts.over_tuning_outside,
             MEAN),
    Sentence("H5", "Training and storage cost a hundredth of fine-tuning's, or less", "abstract", "head2toe_cost",
             Contrasts.cheaper_in_the_paper),
    Sentence("H5b", "... also as computed and stored here", "ours", "head2toe_cost", Contrasts.cheaper_here,
             origin=BY_US),
    Sentence("H6", "Features are worse the lower their score: accuracy falls at every step in rank", "section 4",
             "head2toe_layers", Contrasts.falls_at_every_rank),
    Sentence("H6b", "... and falls on the whole", "ours", "head2toe_layers", Contrasts.falls_with_rank, MEAN, BY_US),
    Sentence("H7", "Selection beats all features with a regulariser", "table 1", "head2toe",
             Contrasts.over_regularised),
    Sentence("H7b", "... and random features, and all of them without one", "ours", "head2toe",
             Contrasts.over_unselected, origin=BY_US),
    Sentence("H8", "Where affinity is high it may lose a little, but not more", "figure 1", "head2toe_affinity",
             Contrasts.loses_little_where_close, MEAN),
    Sentence("H9", "Targets of low affinity take more early and intermediate features", "section 4",
             "head2toe_affinity", Contrasts.early_features, MEAN),
    Sentence("H9b", "Intermediate features help more than as many of a second network", "section 4", "head2toe",
             Contrasts.over_second_network, MEAN),
    Sentence("H10", "Fine-tuning on top improves it further, on average", "table 1", "head2toe",
             Contrasts.tuned_further, MEAN),
    Sentence("H10b", "... and beats fine-tuning on top of the linear probe", "ours", "head2toe",
             Contrasts.over_tuned_linear, MEAN, BY_US),
)  # fmt: skip
