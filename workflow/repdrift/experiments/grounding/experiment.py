"""The experiment on known answers: its questions, tables and figures.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.grounding.chance import pairs
from repdrift.experiments.grounding.specs import GroundingSpec, PrecisionSpec, Question, runs_of
from repdrift.experiments.grounding.tables import BIASED, DEBIASED, GROUNDING
from repdrift.study.figure import Figure
from repdrift.study.phrases import count
from repdrift.study.runs import Run
from repdrift.study.study import SOURCE, Study
from repdrift.study.tasks import Part

DEGREES = "degree of label randomness"


@dataclass(frozen=True)
class Settings:
    """The section ``grounding`` of the config."""

    reduce: tuple[str, ...]
    images: int
    estimators: tuple[str, ...]


def questions(study: Study) -> list[Question]:
    """Return the questions that the trainings of a study from scratch can answer, each about two or more of them."""
    pretrain = study.config.pretrain
    groups = {DEGREES: [study.scratch_run(degree) for degree in sorted(pretrain.random)]}
    for degree in sorted(pretrain.sizes_random):
        groups[sizes_name(degree)] = [study.scratch_run(degree, size) for size in sorted(pretrain.sizes)]
    found = [Question(name, tuple(run.name for run in runs)) for name, runs in groups.items()]
    return [question for question in found if len(question.runs) > 1]


def sizes_name(degree: int) -> str:
    """Return the name of the question about numbers of training images with labels of a degree of randomness."""
    return f"number of images, d = {degree}"


def has_questions(study: Study) -> bool:
    """Return whether a study trains networks from scratch in two or more ways that have a known answer."""
    return study.trains_source and bool(questions(study))


class Grounding(Experiment):
    """The average precision with which each estimator finds networks that differ in their seeds alone."""

    folder = Path(__file__).parent
    heading = "Known answers (ours)"
    claims_figure = "grounding_claims"
    tables = (GROUNDING,)

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.settings = settings
        self.questions = tuple(questions(study))

    def runs(self) -> Iterator[Run]:
        pretrain = self.study.config.pretrain
        every = [self.study.scratch_run(degree) for degree in pretrain.random]
        every += [self.study.scratch_run(degree, size) for degree in pretrain.sizes_random for size in pretrain.sizes]
        yield from (run for run in every if run.name in runs_of(self.questions))

    @property
    def reductions(self) -> tuple[str, ...]:
        """The reductions of layers that are tried, with the study's own first."""
        return tuple(dict.fromkeys([self.study.config.probe.reduce, *self.settings.reduce]))

    @property
    def estimators(self) -> tuple[str, ...]:
        """The estimators that are tried: those of the settings, all that the study uses elsewhere, and linear CKA."""
        config = self.study.config
        used = [*self.settings.estimators, *config.similarity.estimators, *config.sensitivity.estimators]
        used += [BIASED, DEBIASED]
        return tuple(dict.fromkeys(used))

    @property
    def probe(self) -> Part:
        """The images on which networks are compared: the first test images of the source, as far as there are any."""
        size = min(self.settings.images, self.study.test_size(SOURCE))
        return Part.parse(self.study.config.source.test).first(size)

    # Files

    @property
    def images(self) -> list[str]:
        """The file of the calibration images and the file of the probe."""
        return self.study.probe_images(SOURCE, self.study.calibration(SOURCE))

    @property
    def networks(self) -> list[str]:
        """The paths of the weights of all networks."""
        return [self.study.model((run, "final"), seed) for run in runs_of(self.questions) for seed in self.study.seeds]

    def pairs(self, reduce: str) -> str:
        """Return the path of the similarities of all pairs under a reduction of layers."""
        return f"{self.study.folder}/grounding/{reduce}.csv"

    # Specs

    def pairs_spec(self, reduce: str) -> GroundingSpec:
        return GroundingSpec(
            questions=self.questions,
            seeds=self.study.seeds,
            network=self.study.measured_network(""),
            probe=self.probe,
            calibration=self.study.calibration(SOURCE),
            reduce=reduce,
            estimators=self.estimators,
            own=self.study.own_code(self.estimators),
        )

    def precision_spec(self) -> PrecisionSpec:
        layers = self.study.architecture.layers
        return PrecisionSpec(self.questions, self.study.seeds, layers, self.estimators, self.reductions)

    # Figures

    def figures(self) -> Iterator[Figure]:
        seeds = len(self.study.seeds)
        counts = [f"{pairs(len(one.runs), seeds)[0]:,} pairs for the {one.name}" for one in self.questions]
        phrases = {
            "images": self.study.images_title(self.study.config.source.dataset, self.probe),
            "pairs": ", ".join(counts) if seeds > 1 else f"no pairs, because there is {count(seeds, 'seed')}",
        }
        yield self.figure("grounding", "Known answers", {}, phrases=phrases)
        yield self.figure("grounding_claims", "Claims on known answers", {}, drawing="claims")
