"""The experiment on networks of different sizes: what the main trainings of each variant show.

It is part of a study whose variants have networks of different sizes. Their trainings are the main runs of the
experiment ``drift``, so it needs no training of its own.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.experiment import Experiment
from repdrift.study.figure import Figure
from repdrift.study.phrases import compared_on
from repdrift.study.runs import INITIAL, Run, prefix_of
from repdrift.study.study import DOMAIN, Study

SCRATCH, TRUE, RANDOM = "from scratch, true labels", "fine-tuned, true labels", "fine-tuned, random labels"


@dataclass(frozen=True)
class Compared:
    """A network of the study and its main trainings.

    Attributes
    ----------
    name : str
        Its variant; empty for the study's own network.
    label : str
        Its name in figures.
    parameters : int
        Its number of parameters.
    runs : dict of str to Run
        Its trainings: `SCRATCH`, `TRUE` and `RANDOM`. Those that the study lacks are left out.
    """

    name: str
    label: str
    parameters: int
    runs: dict[str, Run]

    @property
    def prefix(self) -> str:
        """What the names of its runs and weights begin with."""
        return prefix_of(self.name)


def sizes_differ(study: Study) -> bool:
    """Return whether a variant of a study has a network of another size than the study's own."""
    return len({parameters(study, name) for name in study.choices}) > 1


def parameters(study: Study, name: str) -> int:
    """Return the number of parameters of the network of a variant. An empty name is for the study's own network."""
    return study.description_of(prefix_of(name)).parameters


class Networks(Experiment):
    """Networks of different sizes on the same tasks."""

    folder = Path(__file__).parent
    heading = "Networks of different sizes (ours)"
    claims_figure = "networks_claims"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.main = Drift(study).main_runs

    @cached_property
    def compared(self) -> list[Compared]:
        """The networks in the order of their size."""
        found = [
            Compared(name, choice.label, parameters(self.study, name), self._runs_of(name))
            for name, choice in self.study.choices.items()
        ]
        return sorted(found, key=lambda one: one.parameters)

    def _runs_of(self, name: str) -> dict[str, Run]:
        found = {}
        for run in self.main:
            random = bool(run.task.transform.value)
            kind = SCRATCH if run.parent == INITIAL else (RANDOM if random else TRUE)
            if kind != SCRATCH or not random:
                found[kind] = self.study.in_variant(run, name) if name else run
        return found

    # Files

    def _measured(self) -> Iterator[tuple[str, str, int, Compared, str]]:
        for one in self.compared:
            for kind, run in one.runs.items():
                for seed in self.study.seeds:
                    yield run.task.role, run.name, seed, one, kind

    def measured_runs(self) -> Iterator[tuple[str, str, int]]:
        for role, run, seed, *_ in self._measured():
            yield role, run, seed

    # Figures

    def figures(self) -> Iterator[Figure]:
        rows: dict[str, dict[str, object]] = {
            self.study.similarity(role, run, seed): {
                "series": one.label,
                "panel": kind,
                "parameters": one.parameters,
                "images": self.study.probe_title(role),
            }
            for role, run, seed, one, kind in self._measured()
        }
        roles = [DOMAIN if kind != SCRATCH else "source" for kind in self.compared[0].runs]
        choices = list(self.study.choices.values())
        phrases = {"compared_on": compared_on(self.study, roles)}
        yield self.figure("networks", "Networks", rows, choices=choices, phrases=phrases)
        yield self.figure("networks_claims", "Claims by network", {}, drawing="claims", choices=choices)
