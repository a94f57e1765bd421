"""Claims E1 to E4 about known answers. All of them are ours.

A number of a seed is that of `repdrift.experiments.grounding.precision.by_seed`, so that an interval over seeds is that
of the jackknife. Where a claim says that an estimator is no worse than another, its contrast is the difference plus the
margin. Only layers that both can take are compared, see `Contrasts.layers`.
"""

from collections.abc import Iterator

from repdrift.claims.contrasts import (
    MEAN,
    OURS,
    Claim,
    Contrast,
    Key,
    Sentence,
    Weights,
    claims_of,
    contrast,
    mean_of,
    weighted,
)
from repdrift.claims.scales import AUPRC, AUPRC_NO_WORSE
from repdrift.experiments.grounding.chance import chance
from repdrift.experiments.grounding.experiment import DEGREES, Grounding
from repdrift.experiments.grounding.specs import Question
from repdrift.experiments.grounding.tables import BIASED, BY_SEED, DEBIASED, GROUNDING
from repdrift.similarity.registry import ESTIMATORS, entry

RECOMMENDED = DEBIASED  # see docs/similarity.md


def claims(experiment: Grounding) -> list[Claim]:
    """Return all claims, with the contrasts that the trainings and estimators of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """The contrasts of the claims. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Grounding) -> None:
        self.experiment, self.study = experiment, experiment.study
        self.usual = experiment.study.config.probe.reduce

    def no_worse_than_biased(self) -> Iterator[Contrast]:
        """Yield the mean over questions, and then each question. Each is a mean over reductions and layers."""
        yield from self._no_worse_than(BIASED)

    def finds_degrees(self) -> Iterator[Contrast]:
        return self._above_chance([one for one in self.experiment.questions if one.name == DEGREES])

    def finds_sizes(self) -> Iterator[Contrast]:
        return self._above_chance([one for one in self.experiment.questions if one.name != DEGREES])

    def no_worse_than_others(self) -> Iterator[Contrast]:
        """Yield the mean over questions for each other estimator of the registry."""
        for name in self.experiment.estimators:
            if name in ESTIMATORS and name != RECOMMENDED:
                yield from (one for one in self._no_worse_than(name) if one.decides)

    def layers(self, reduce: str, estimator: str) -> list[str]:
        """Return the compared layers that an estimator can take under a reduction, given the numbers of their units."""
        found, images = entry(estimator), self.experiment.probe.size
        widths = self.study.description_of("").widths(self.study.config.network.layers, reduce)
        most = min(found.units or max(widths.values()), max(widths.values()) if found.any_width else images - 2)
        return [layer for layer, width in widths.items() if width <= most]

    def _no_worse_than(self, other: str) -> Iterator[Contrast]:
        cells = [(reduce, layer) for reduce in self.experiment.reductions for layer in self.layers(reduce, other)]
        parts: dict[str, Weights] = {
            question.name: weighted(
                *((1 / len(cells), self._difference(question, *cell, RECOMMENDED, other)) for cell in cells)
            )
            for question in self.experiment.questions
        }
        label = f"AUPRC of {RECOMMENDED} less {other}, plus {AUPRC.margin:g}"
        return mean_of(label, "mean over questions", GROUNDING.name, parts, AUPRC_NO_WORSE, constant=AUPRC.margin)

    def _above_chance(self, questions: list[Question]) -> Iterator[Contrast]:
        """Yield for each question and layer how far the recommended estimator is above a random order of the pairs."""
        for question in questions:
            level = chance(len(question.runs), len(self.study.seeds))
            for layer in self.study.architecture.layers:
                weights = {self._key(question, self.usual, layer, RECOMMENDED): 1.0}
                label = f"AUPRC of {RECOMMENDED} less chance: {question.name}"
                yield contrast(label, GROUNDING.name, weights, AUPRC, layer, constant=-level)

    def _difference(self, question: Question, reduce: str, layer: str, more: str, less: str) -> Weights:
        return {self._key(question, reduce, layer, more): 1.0, self._key(question, reduce, layer, less): -1.0}

    def _key(self, question: Question, reduce: str, layer: str, estimator: str) -> Key:
        return GROUNDING.key(panel=question.name, reduce=reduce, layer=layer, estimator=estimator, measure=BY_SEED)


CLAIMS = (
    Sentence("E1", "Debiased linear CKA finds networks that were trained alike at least as well as the biased one",
             "ours", "grounding", Contrasts.no_worse_than_biased, MEAN, OURS),
    Sentence("E2", "In every layer, debiased linear CKA finds networks of the same labels better than chance", "ours",
             "grounding", Contrasts.finds_degrees, origin=OURS),
    Sentence("E3", "In every layer, debiased linear CKA finds networks of as many images better than chance", "ours",
             "grounding", Contrasts.finds_sizes, origin=OURS),
    Sentence("E4", "No other estimator finds networks that were trained alike better than debiased linear CKA", "ours",
             "grounding", Contrasts.no_worse_than_others, origin=OURS),
)  # fmt: skip
