"""Claims M1 to M5, which are ours: what remains of three claims of Goerttler & Obermayer (2022) at equal movement.

M1 is the counterpart of G1, M2 and M3 are those of G8 and G11, and M4 is that of G18. They are judged on networks in
which every part has moved by the relative size .1, which was chosen before the data. Other sizes and the change by
training itself are shown. M5 asks whether later blocks move farther. docs/movement.md says what was decided, and why.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

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
    difference,
    mean_of,
    trend,
    weighted,
)
from repdrift.claims.scales import CKA, LOG_RATIO
from repdrift.experiments.movement.experiment import JUDGED, Movement
from repdrift.experiments.movement.tables import DONE, EQUAL, LN_SIZE, MOVEMENT, TRAINING
from repdrift.similarity.choice import main_estimator
from repdrift.study.runs import ALL, Run
from repdrift.study.study import CROSS_DOMAIN, DOMAIN, SOURCE


@dataclass(frozen=True)
class Place:
    """A place on a path along which weights move, in words too, and whether claims are judged there."""

    path: str
    at: float
    words: str
    decides: bool


def claims(experiment: Movement) -> list[Claim]:
    """Return all claims, with the contrasts that the trainings of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """The contrasts of the claims. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Movement) -> None:
        self.experiment, self.study = experiment, experiment.study
        names = experiment.study.architecture
        self.layers, self.hidden, self.parts = names.layers, names.hidden, names.parts
        self.mean = f"mean of {self.layers[0]} to {self.layers[-1]}"
        # It decides alone. The null of debiased CKA is 0, so its values need no calibration.
        self.estimator = main_estimator(experiment.study.config.similarity.estimators)
        equal = [Place(EQUAL, size, f"moved by {size:g}", size == JUDGED) for size in experiment.sizes]
        self.places = [*equal, Place(TRAINING, DONE, "after training", decides=False)]

    def depth(self) -> Iterator[Contrast]:
        """Yield how much more each layer has changed than the layer before, after pre-training on true labels.

        The fitted line over all layers is shown.
        """
        for place, run in product(self.places, self._pretrained()):
            keys = [self._key(run, place, layer) for layer in self.layers]
            for (earlier, later), layer in zip(pairwise(keys), self.layers[1:], strict=True):
                label = f"{place.words}: similarity to the start, the layer before less it"
                yield _difference(label, earlier, later, layer, decides=place.decides)
            label = f"{place.words}: fitted fall of similarity to the start, {self.layers[0]} to {self.layers[-1]}"
            yield contrast(label, MOVEMENT.name, trend(keys, -1), CKA, decides=False)

    def randomness(self) -> Iterator[Contrast]:
        return self._degrees(DOMAIN)

    def randomness_elsewhere(self) -> Iterator[Contrast]:
        return self._degrees(CROSS_DOMAIN)

    def head(self) -> Iterator[Contrast]:
        """Yield how much more the logits have changed than each hidden layer, after fine-tuning."""
        for words, run in self._fine_tuned().items():
            for place in self.places:
                for layer in self.hidden:
                    keys = self._key(run, place, layer), self._key(run, place, self.layers[-1])
                    label = f"{words}, {place.words}: similarity to the start, less that of {self.layers[-1]}"
                    yield _difference(label, *keys, layer, decides=place.decides)

    def farther(self) -> Iterator[Contrast]:
        """Yield the trend of the relative size of the change over the blocks that are trained, and that with the head.

        The head does not decide, because it has no normalisation, whose scales make up most of the norm of a block.
        """
        named = [("pre-training", run) for run in self._pretrained()]
        for words, run in [*named, *self._fine_tuned().items()]:
            parts = self.parts if run.train == ALL else self.parts[self.parts.index(run.train) :]
            for shown in (parts[:-1], parts):
                keys = [MOVEMENT.key(run=run.name, measure=LN_SIZE, item=part) for part in shown]
                label = f"{words}: rise of the ln relative size of the change, {' to '.join(shown[:1] + shown[-1:])}"
                yield contrast(label, MOVEMENT.name, trend(keys, 1), LOG_RATIO, decides=shown != parts)

    def _degrees(self, role: str) -> Iterator[Contrast]:
        """Yield the trend of the change over degrees of randomness, of which the mean over layers decides."""
        runs = self._trainings(role)
        for place in self.places:
            parts: dict[str, Weights] = {
                layer: trend([self._key(run, place, layer) for run in runs.values()], -1) for layer in self.layers
            }
            label = f"{place.words}: similarity to the start, d = {min(runs, default=0)} to {max(runs, default=0)}"
            if place.decides:
                yield from mean_of(label, self.mean, MOVEMENT.name, parts, CKA)
            else:
                mean = weighted(*((1 / len(parts), part) for part in parts.values()))
                yield contrast(f"{label}, {self.mean}", MOVEMENT.name, mean, CKA, decides=False)

    def _trainings(self, role: str) -> Mapping[int, Run]:
        return self.experiment.trainings(role) if role in self.experiment.roles else {}

    def _pretrained(self) -> list[Run]:
        """List the pre-training on true labels. There is none if the source is no role of the experiment."""
        return [run for degree, run in self._trainings(SOURCE).items() if degree == 0]

    def _fine_tuned(self) -> dict[str, Run]:
        """Return the fine-tunings of G18 by their words, without that on shifted labels."""
        domain, cross = self._trainings(DOMAIN), self._trainings(CROSS_DOMAIN)
        found = {"true labels": domain.get(0), "other images": cross.get(0)}
        if any(domain):
            found["random labels"] = domain[max(domain)]
        return {words: run for words, run in found.items() if run is not None}

    def _key(self, run: Run, place: Place, layer: str) -> Key:
        """Return the key of the similarity of a layer to that of the start."""
        return MOVEMENT.key(run=run.name, path=place.path, at=str(place.at), measure=self.estimator, item=layer)


def _difference(label: str, more: Key, less: Key, layer: str, *, decides: bool) -> Contrast:
    return difference(label, more, less, CKA, table=MOVEMENT.name, layer=layer, decides=decides)


CLAIMS = (
    Sentence("M1", "As G1, if all parts move equally far: from scratch, the change grows with depth", "ours",
             "movement", Contrasts.depth, origin=OURS),
    Sentence("M2", "As G8, if all parts move equally far: the more random the labels, the larger the change", "ours",
             "movement", Contrasts.randomness, MEAN, OURS),
    Sentence("M3", "As M2, on images of another domain", "ours", "movement", Contrasts.randomness_elsewhere, MEAN,
             OURS),
    Sentence("M4", "As G18, if all parts move equally far: the head changes most", "ours", "movement", Contrasts.head,
             origin=OURS),
    Sentence("M5", "Training moves later blocks farther, relative to their weights", "ours", "movement",
             Contrasts.farther, origin=OURS),
)  # fmt: skip
