"""Claims H1 to H10 of Evci et al. (2022): Head2Toe, utilizing intermediate representations for better transfer.

The claims are tested in kind, not in numbers, since data sets differ and the network is small. The paper leaves some
things open, which were decided here before any data. Averages are means over the targets that the config names. A
target is out of distribution if its images are from another data set than the source's, or are shuffled. Claims whose
names end with a letter are ours, and so are the margins.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from repdrift.claims.contrasts import Claim, Contrast, Key, claims_of, contrast, over_targets, slope_in_ranks
from repdrift.experiments.head2toe.experiment import Head2Toe
from repdrift.experiments.head2toe.method_names import NAMES
from repdrift.experiments.head2toe.tables import (
    AFFINITIES,
    BYTES,
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
    METHODS,
    OURS,
    PAPER,
    RANK_ACCURACY,
    SHARE_CORRELATION,
    TEST_ACCURACY,
)

MARGIN = 1.0  # the largest difference in percentage points by which an accuracy may be lower and still match
FOLD = 2.0  # the decimal logarithm of a hundred
ALL = ""  # the name in place of a target for numbers over all targets


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
        (self.own,) = experiment.study.datasets_of(["domain"])
        (self.cross,) = experiment.study.datasets_of(["cross_domain"])
        self.outside = [
            target
            for target, task in experiment.tasks_of.items()
            if task.dataset != self.own or task.shuffle is not None
        ]

    # Accuracy

    def over_linear(self) -> Iterator[Contrast]:
        return self._more(LINEAR)

    def matches_tuning(self) -> Iterator[Contrast]:
        return self._more(FINE_TUNING, margin=MARGIN)

    def over_tuning_outside(self) -> Iterator[Contrast]:
        return self._more(FINE_TUNING, targets=self.outside)

    def over_regularised(self) -> Iterator[Contrast]:
        for method in ("all-l1", "all-l2", "all-group-lasso"):
            yield from self._more(method)

    def over_unselected(self) -> Iterator[Contrast]:
        for method in ("random", "all"):
            yield from self._more(method)

    def tuned_further(self) -> Iterator[Contrast]:
        return self._more(HEAD2TOE, best=HEAD2TOE_FT)

    def loses_where_close(self) -> Iterator[Contrast]:
        if self.own in self.targets:
            weights = {Number(LINEAR).on(self.own): 1.0, Number(HEAD2TOE).on(self.own): -1.0}
            yield contrast("linear less Head2Toe, own images", METHODS.name, weights, self.title(self.own))

    # Affinity

    def gain_falls(self) -> Iterator[Contrast]:
        yield self._rank_correlation(GAIN_CORRELATION)

    def gain_is_largest(self) -> Iterator[Contrast]:
        if self.cross in self.targets:
            for target in self.targets:
                if target != self.cross:
                    more, less = (AFFINITIES.key(target=one, measure=GAIN) for one in (self.cross, target))
                    label = f"gain on {self.title(self.cross)} less that on"
                    yield contrast(label, AFFINITIES.name, {more: 1.0, less: -1.0}, self.title(target))

    def early_features(self) -> Iterator[Contrast]:
        yield self._rank_correlation(SHARE_CORRELATION)

    def over_second_network(self) -> Iterator[Contrast]:
        return self._more(LINEAR_SECOND, best=LINEAR_INTERMEDIATE)

    def _rank_correlation(self, measure: str) -> Contrast:
        words = {GAIN_CORRELATION: "gain over linear", SHARE_CORRELATION: "share of earlier layers"}[measure]
        label = f"rank correlation of affinity, {words}, below 0"
        return contrast(label, AFFINITIES.name, {AFFINITIES.key(target=ALL, measure=measure): -1.0})

    # Cost

    def cheaper_in_the_paper(self) -> Iterator[Contrast]:
        return self._cheaper(PAPER)

    def cheaper_here(self) -> Iterator[Contrast]:
        return self._cheaper(OURS)

    def _cheaper(self, count: str) -> Iterator[Contrast]:
        for measure in (LOG10 + FLOPS, LOG10 + BYTES):
            more, less = Number(FINE_TUNING, measure, count), Number(HEAD2TOE, measure, count)
            yield from self._difference(f"{measure}: ratio to fine-tuning's, less {FOLD:g}", more, less, -FOLD)

    # Scores

    def falls_at_every_rank(self) -> Iterator[Contrast]:
        for before, after in pairwise(self._offsets()):
            label = f"from rank {float(before):.0%} less from {float(after):.0%}"
            yield next(self._difference(label, self._rank(before), self._rank(after)))

    def falls_with_rank(self) -> Iterator[Contrast]:
        offsets = self._offsets()
        slope = slope_in_ranks(len(offsets))
        if slope:
            weights = {self._rank(offset): -weight for offset, weight in zip(offsets, slope, strict=True)}
            yield next(self._over_targets("fall of accuracy from rank to rank", weights))

    def _offsets(self) -> list[str]:
        return [str(offset) for offset in sorted(self.experiment.settings.offsets)]

    def _rank(self, offset: str) -> Number:
        return Number(HEAD2TOE, RANK_ACCURACY, offset)

    # Over targets

    def _more(
        self, than: str, *, best: str = HEAD2TOE, targets: Sequence[str] | None = None, margin: float = 0.0
    ) -> Iterator[Contrast]:
        label = f"{NAMES[best]} less {NAMES[than]}" + (f", plus {margin:g} point" if margin else "")
        return self._difference(label, Number(best), Number(than), margin, targets)

    def _difference(
        self, label: str, more: Number, less: Number, constant: float = 0.0, targets: Sequence[str] | None = None
    ) -> Iterator[Contrast]:
        return self._over_targets(label, {more: 1.0, less: -1.0}, constant, targets)

    def _over_targets(
        self,
        label: str,
        weights: Mapping[Number, float],
        constant: float = 0.0,
        targets: Sequence[str] | None = None,
    ) -> Iterator[Contrast]:
        of_targets = {
            self.title(target): {number.on(target): weight for number, weight in weights.items()}
            for target in (self.targets if targets is None else targets)
        }
        return over_targets(label, "on average", METHODS.name, of_targets, constant)


CLAIMS = (
    ("H1", "On average Head2Toe beats the linear probe", "table 1", "head2toe", Contrasts.over_linear),
    ("H2", "The gain is larger where domain affinity is lower", "figure 1", "head2toe_affinity", Contrasts.gain_falls),
    ("H2b", "... and largest on other images", "figure 1", "head2toe_affinity", Contrasts.gain_is_largest),
    ("H3", "On average it matches fine-tuning", "table 1", "head2toe", Contrasts.matches_tuning),
    ("H4", "Out of distribution it beats fine-tuning", "abstract", "head2toe", Contrasts.over_tuning_outside),
    ("H5", "Training and storage cost a hundredth of fine-tuning's, or less", "abstract", "head2toe_cost",
     Contrasts.cheaper_in_the_paper),
    ("H5b", "... also as computed and stored here", "ours", "head2toe_cost", Contrasts.cheaper_here),
    ("H6", "Features are worse the lower their score: accuracy falls at every step in rank", "section 4",
     "head2toe_layers", Contrasts.falls_at_every_rank),
    ("H6b", "... and falls on the whole", "ours", "head2toe_layers", Contrasts.falls_with_rank),
    ("H7", "Selection beats all features with a regulariser", "table 1", "head2toe", Contrasts.over_regularised),
    ("H7b", "... and random features, and all of them without one", "ours", "head2toe", Contrasts.over_unselected),
    ("H8", "Where affinity is high it may lose a little", "figure 1", "head2toe_affinity",
     Contrasts.loses_where_close),
    ("H9", "Targets of low affinity take more early and intermediate features", "section 4", "head2toe_layers",
     Contrasts.early_features),
    ("H9b", "Intermediate features help more than as many of a second network", "section 4", "head2toe",
     Contrasts.over_second_network),
    ("H10", "Fine-tuning on top improves it further, on average", "table 1", "head2toe", Contrasts.tuned_further),
)  # fmt: skip
