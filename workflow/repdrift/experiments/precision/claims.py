"""Claims about the precision of training: it changes no similarity, no accuracy and no contrast of a claim.

Each claim is one of equality: the number in the other precision less that in the study's own is 0 within the margin of
the contrast. Both trainings of a pair have the same seed, so the difference is paired. Contrasts of epochs (G2) are
left out, because variants keep no weights of epochs.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator, Mapping, Sequence

from repdrift.claims.contrasts import (
    CURVE,
    HISTORY,
    OURS,
    SIMILARITY,
    Claim,
    Contrast,
    Key,
    Sentence,
    claims_of,
    contrast,
    weighted,
)
from repdrift.claims.scales import CKA, POINTS
from repdrift.experiments.drift import claims as drift_claims
from repdrift.experiments.precision.experiment import Precision
from repdrift.study.runs import prefix_of

MARK = "p"  # ends the names of these claims: G8p is about the contrasts of G8
ACCURACIES = {"train_accuracy": "training accuracy", "test_accuracy": "test accuracy"}
REFERENCES = {"init": "CKA to initial", "pretrained": "CKA to pre-trained"}
SOURCE = "a control that the paper lacks"


def claims(experiment: Precision) -> list[Claim]:
    """Return all claims, with the contrasts that the trainings of the study allow."""
    numbers = Contrasts(experiment)
    found = claims_of(CLAIMS, numbers)
    for one in drift_claims.claims(experiment.drift):
        same = tuple(numbers.of(one))
        sentence = f"The contrasts of {one.name} are the same in another precision"
        found.append(Claim(one.name + MARK, sentence, SOURCE, one.figure, same, "all", OURS))
    return [one for one in found if one.contrasts]


class Contrasts:
    """The contrasts of the claims."""

    def __init__(self, experiment: Precision) -> None:
        self.experiment, self.study = experiment, experiment.study

    def similarities(self) -> Iterator[Contrast]:
        """Yield the mean over trainings of the similarity to each reference, on the probes of their own tasks."""
        for variant in self.experiment.variants:
            runs = [run for run, _ in self.experiment.pairs(variant)]
            for reference, label in REFERENCES.items():
                compared = [run for run in runs if reference in self.study.references(run)]
                for layer in self.study.architecture.layers:
                    keys: list[Key] = [(run.name, reference, layer, run.task.role) for run in compared]
                    own = contrast(f"{label}, mean over trainings", SIMILARITY, mean(keys), CKA, layer)
                    yield from self._same(variant, own)

    def accuracies(self) -> Iterator[Contrast]:
        """Yield the mean over trainings of the accuracies at the end."""
        for variant in self.experiment.variants:
            for column, label in ACCURACIES.items():
                keys: list[Key] = [(run.name, column, "last") for run, _ in self.experiment.pairs(variant)]
                own = contrast(f"{label}, mean over trainings", HISTORY, mean(keys), POINTS)
                yield from self._same(variant, own)

    def of(self, claim: Claim) -> Iterator[Contrast]:
        """Yield the changes of those contrasts of a claim that decide it."""
        for variant in self.experiment.variants:
            for one in claim.contrasts:
                if one.decides and one.table != CURVE:
                    yield from self._same(variant, one)

    def _same(self, variant: str, own: Contrast) -> Iterator[Contrast]:
        """Yield a contrast in the precision of a variant less the same in the study's own, if the variant has it."""
        repeated = {run.name for run, _ in self.experiment.pairs(variant)}
        weights = own.by_key
        if not weights or not {run for run, *_ in weights} <= repeated:
            return
        again = {(prefix_of(variant) + run, *others): weight for (run, *others), weight in own.weights}
        precisions = [self.study.choices[name].training.precision for name in (variant, "")]
        words = f"{own.label}: {precisions[0]} less {precisions[1]}"
        yield contrast(words, own.table, weighted((1.0, again), (-1.0, weights)), own.scale, own.layer, equal=True)


def mean(keys: Sequence[Key]) -> Mapping[Key, float]:
    """Return the weights of a mean."""
    return {key: 1 / len(keys) for key in keys}


CLAIMS = (
    Sentence("P1", "Similarities are the same in another precision", SOURCE, "precision", Contrasts.similarities,
             origin=OURS),
    Sentence("P2", "Accuracies are the same in another precision", SOURCE, "precision", Contrasts.accuracies,
             origin=OURS),
)  # fmt: skip
