"""Claims H1 to H10 of Evci et al. (2022): Head2Toe, utilizing intermediate representations for better transfer.

In kind, not in numbers: other data sets, and a small network. What the paper leaves open is decided here, before any
data: averages are means over the targets that the config names; out of distribution are those of other data sets than
the source's, and of shuffled images. Claims whose names end with a letter are ours, and so are the margins.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from repdrift.claims.contrasts import Claim, Contrast, Key, claims_of, contrast, over_targets, slope_in_ranks
from repdrift.experiments.head2toe.experiment import Head2Toe
from repdrift.experiments.head2toe.method_names import NAMES

METHODS, AFFINITY = "head2toe", "head2toe_affinity"
HEAD2TOE, LINEAR, TUNED = "head2toe", "linear", "fine-tuning"
MARGIN = 1.0  # percentage points: so little below is a match
FOLD = 2.0  # decimal logarithm of a hundred
ACCURACY = ("test accuracy", "")


def claims(experiment: Head2Toe) -> list[Claim]:
    """All claims, with the contrasts that the study's targets allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """Contrasts of the claims, for all targets of an experiment."""

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
        return self._more(TUNED, margin=MARGIN)

    def over_tuning_outside(self) -> Iterator[Contrast]:
        return self._more(TUNED, targets=self.outside)

    def over_regularised(self) -> Iterator[Contrast]:
        for method in ("all-l1", "all-l2", "all-group-lasso"):
            yield from self._more(method)

    def over_unselected(self) -> Iterator[Contrast]:
        for method in ("random", "all"):
            yield from self._more(method)

    def tuned_further(self) -> Iterator[Contrast]:
        return self._more(HEAD2TOE, best="head2toe-ft")

    def loses_where_close(self) -> Iterator[Contrast]:
        if self.own in self.targets:
            weights = {self._key(self.own, LINEAR): 1.0, self._key(self.own, HEAD2TOE): -1.0}
            yield contrast("linear less Head2Toe, own images", METHODS, weights, self.title(self.own))

    # Affinity

    def gain_falls(self) -> Iterator[Contrast]:
        yield self._rank_correlation("gain")

    def gain_is_largest(self) -> Iterator[Contrast]:
        if self.cross in self.targets:
            for target in self.targets:
                if target != self.cross:
                    weights: dict[Key, float] = {(self.cross, "gain"): 1.0, (target, "gain"): -1.0}
                    label = f"gain on {self.title(self.cross)} less that on"
                    yield contrast(label, AFFINITY, weights, self.title(target))

    def early_features(self) -> Iterator[Contrast]:
        yield self._rank_correlation("share")

    def over_second_network(self) -> Iterator[Contrast]:
        return self._more("linear-second", best="linear-intermediate")

    def _rank_correlation(self, name: str) -> Contrast:
        words = {"gain": "gain over linear", "share": "share of earlier layers"}[name]
        weights: dict[Key, float] = {("", f"rank correlation of {name}"): -1.0}
        return contrast(f"rank correlation of affinity, {words}, below 0", AFFINITY, weights)

    # Cost

    def cheaper_in_the_paper(self) -> Iterator[Contrast]:
        return self._cheaper("paper")

    def cheaper_here(self) -> Iterator[Contrast]:
        return self._cheaper("ours")

    def _cheaper(self, counted: str) -> Iterator[Contrast]:
        for measure in ("flops", "bytes"):
            item = (f"log10 {measure}", counted)
            label = f"log10 {measure}: ratio to fine-tuning's, less {FOLD:g}"
            yield from self._difference(label, (TUNED, *item), (HEAD2TOE, *item), -FOLD)

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

    def _rank(self, offset: str) -> Key:
        return (HEAD2TOE, "rank accuracy", offset)

    # Over targets

    def _key(self, target: str, method: str) -> Key:
        return (target, method, *ACCURACY)

    def _more(
        self, than: str, *, best: str = HEAD2TOE, targets: Sequence[str] | None = None, margin: float = 0.0
    ) -> Iterator[Contrast]:
        label = f"{NAMES[best]} less {NAMES[than]}" + (f", plus {margin:g} point" if margin else "")
        return self._difference(label, (best, *ACCURACY), (than, *ACCURACY), margin, targets)

    def _difference(
        self, label: str, more: Key, less: Key, constant: float = 0.0, targets: Sequence[str] | None = None
    ) -> Iterator[Contrast]:
        return self._over_targets(label, {more: 1.0, less: -1.0}, constant, targets)

    def _over_targets(
        self,
        label: str,
        weights: Mapping[Key, float],
        constant: float = 0.0,
        targets: Sequence[str] | None = None,
    ) -> Iterator[Contrast]:
        of_targets = {
            self.title(target): {(target, *key): weight for key, weight in weights.items()}
            for target in (self.targets if targets is None else targets)
        }
        return over_targets(label, "on average", METHODS, of_targets, constant)


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
