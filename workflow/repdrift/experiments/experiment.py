"""The base class of experiments. An experiment asks a study the questions of one paper.

The Snakefile imports this module, so it needs nothing heavy.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from repdrift.claims.contrasts import Table
from repdrift.claims.rule import IN_WORDS
from repdrift.study.choices import Choice
from repdrift.study.figure import Figure, Panel
from repdrift.study.phrases import common_phrases, network_in_words, network_sentence
from repdrift.study.runs import Run
from repdrift.study.study import Study
from repdrift.study.tasks import Task


class Experiment(ABC):
    """The trainings, tasks, tables and figures that an experiment needs from a study.

    The folder of an experiment holds its plan (``experiment.py``), its claims (``claims.py``), its programs
    (``stages/``), its drawings with their captions (``figures/``) and its rules (``rules.smk``).

    Attributes
    ----------
    folder : Path
        The folder of the experiment.
    heading : str
        Its name in the report, with the paper that it is about.
    claims_figure : str
        The name of the figure that shows the verdicts on its claims.
    tables : sequence of Table
        The tables of its figures that its claims read.
    epochs : int
        Number of epochs of the study's fine-tunings.
    """

    folder: ClassVar[Path]
    heading: ClassVar[str]
    claims_figure: ClassVar[str]
    tables: ClassVar[Sequence[Table]] = ()

    def __init__(self, study: Study) -> None:
        self.study = study
        self.epochs = study.config.finetune.epochs

    @abstractmethod
    def figures(self) -> Iterator[Figure]:
        """Yield its figures in the order of the report."""

    def summaries(self) -> Iterator[Figure]:
        """Yield its figures about the whole study, which come after the figures of all experiments."""
        yield from ()

    def runs(self) -> Iterator[Run]:
        """Yield the trainings that it needs. Other experiments may need the same ones."""
        yield from ()

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks that it needs in addition to those of its trainings."""
        yield from ()

    def measured_runs(self) -> Iterator[tuple[str, str, int]]:
        """Yield role, run and seed of each table of similarities that its claims read."""
        yield from ()

    def similarities(self) -> list[str]:
        """List the tables of similarities that its claims read."""
        return [self.study.similarity(*found) for found in self.measured_runs()]

    def halves(self) -> list[str]:
        """List the tables of the same similarities on random halves of the probe."""
        return [self.study.halves(*found) for found in self.measured_runs()]

    def curves(self) -> list[str]:
        """List the tables of similarities over epochs that its claims read."""
        return []

    def chosen(self, datasets: Sequence[str], among: Sequence[str]) -> list[str]:
        """Return the data sets that are also in `among`."""
        return [dataset for dataset in datasets if dataset in among]

    def figure(
        self,
        name: str,
        title: str,
        rows: Mapping[str, Mapping[str, object]],
        *,
        drawing: str = "",
        panels: Sequence[Panel] = (),
        choices: Sequence[Choice] = (),
        phrases: Mapping[str, str] | None = None,
    ) -> Figure:
        """Make a figure whose caption lies in ``figures/NAME.rst``.

        Parameters
        ----------
        name, title, rows, panels
            See `Figure`.
        drawing : str
            The module that draws the figure, by default the one of the same name.
        choices : sequence of Choice
            The networks that are shown, by default the study's own.
        phrases : mapping of str to str, optional
            The phrases of the caption in addition to those that all figures share.
        """
        shown = choices or [self.study.own]
        network = network_sentence(self.study, shown)
        return Figure(
            name=name,
            title=title,
            drawing=drawing or name,
            network=network_in_words(self.study, shown),
            rows=rows,
            panels=panels,
            caption_file=self.folder / "figures" / f"{name}.rst",
            phrases={**common_phrases(self.study), "rule": IN_WORDS, "network": network, **(phrases or {})},
        )
