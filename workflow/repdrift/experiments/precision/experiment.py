"""The experiment on the precision of training: every training again, with nothing but its precision changed.

It is part of a study that has a variant of that kind. The variant's trainings start from the same initial weights as
the study's own, and see the same images in the same order. They are trainings of the experiment ``drift``, so this
experiment needs no training of its own.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.experiment import Experiment
from repdrift.study.choices import Choice
from repdrift.study.figure import Figure
from repdrift.study.phrases import compared_on
from repdrift.study.runs import Run
from repdrift.study.study import Study


def other_precisions(study: Study) -> dict[str, Choice]:
    """Return the variants of a study that differ from its own trainings in nothing but the precision."""
    own = study.own.training.precision
    return {name: one for name, one in study.variants.items() if _in_precision(one, own).trains_like(study.own)}


def _in_precision(one: Choice, precision: str) -> Choice:
    return replace(one, training=replace(one.training, precision=precision))


class Precision(Experiment):
    """The study's own trainings and the same ones in another precision."""

    folder = Path(__file__).parent
    heading = "Precision of training (ours)"
    claims_figure = "precision_claims"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.drift = Drift(study)

    @cached_property
    def variants(self) -> list[str]:
        """The variants that change the precision alone."""
        return list(other_precisions(self.study))

    def pairs(self, variant: str) -> list[tuple[Run, Run]]:
        """Return the study's own trainings that a variant repeats, each with its repetition."""
        again = {name: run for name, run in self.drift.needed.items() if name.startswith(f"{variant}/")}
        own = [self.drift.needed[name.removeprefix(f"{variant}/")] for name in again]
        return list(zip(own, again.values(), strict=True))

    # Files

    def _trained(self) -> Iterator[tuple[str, Run, str]]:
        """Yield each training of either kind with its precision, and the name of the study's own one."""
        own: dict[str, Run] = {}
        for variant in self.variants:
            precision = self.study.variants[variant].training.precision
            for usual, again in self.pairs(variant):
                own[usual.name] = usual
                yield precision, again, usual.name
        for usual in own.values():
            yield self.study.own.training.precision, usual, usual.name

    def _measured(self) -> Iterator[tuple[str, str, int, str, str]]:
        for precision, run, usual in self._trained():
            for role in self.study.probes(run):
                for seed in self.study.seeds:
                    yield role, run.name, seed, precision, usual

    def measured_runs(self) -> Iterator[tuple[str, str, int]]:
        for role, run, seed, *_ in self._measured():
            yield role, run, seed

    # Figures

    def figures(self) -> Iterator[Figure]:
        rows: dict[str, dict[str, object]] = {
            self.study.similarity(role, run, seed): {"precision": precision, "training": usual}
            for role, run, seed, precision, usual in self._measured()
        }
        rows |= {
            self.study.history(run.name, seed): {"precision": precision, "training": usual, "seed": seed}
            for precision, run, usual in self._trained()
            for seed in self.study.seeds
        }
        roles = [role for role, *_ in self._measured()]
        phrases = {"compared_on": compared_on(self.study, roles)}
        yield self.figure("precision", "Precision", rows, phrases=phrases)
        yield self.figure("precision_claims", "Claims by precision", {}, drawing="claims")
