"""Experiments: each asks the questions of one paper of a study, and says what trainings and figures they need.

The Snakefile imports this module, so it needs nothing heavy.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from repdrift.claims.contrasts import Table
from repdrift.study.figure import Figure, Panel
from repdrift.study.phrases import common_phrases, network_in_words, network_sentence
from repdrift.study.runs import Run
from repdrift.study.study import Study
from repdrift.study.tasks import Task


class Experiment(ABC):
    """What the experiments on all papers have in common.

    The folder of an experiment holds its plan (``experiment.py``), its claims (``claims.py``), its programs
    (``stages/``), its drawings with their captions (``figures/``) and its rules (``rules.smk``).

    Attributes
    ----------
    folder : Path
    claims_figure : str
        Name of the figure that shows its verdicts.
    tables : sequence of Table
        The tables of figures that its claims read.
    epochs : int
        Length of the study's fine-tunings.
    """

    folder: ClassVar[Path]
    claims_figure: ClassVar[str]
    tables: ClassVar[Sequence[Table]] = ()

    def __init__(self, study: Study) -> None:
        self.study = study
        self.epochs = study.config.finetune.epochs

    @abstractmethod
    def figures(self) -> Iterator[Figure]:
        """Give its figures in their order."""

    def summaries(self) -> Iterator[Figure]:
        """Give its figures on the whole study, which come after the figures of all experiments."""
        yield from ()

    def runs(self) -> Iterator[Run]:
        """Give the trainings that it needs. Other experiments may need the same."""
        yield from ()

    def tasks(self) -> Iterator[Task]:
        """Give the tasks that it needs beside those of its trainings."""
        yield from ()

    def similarities(self) -> list[str]:
        """List the tables of similarities that its claims read."""
        return []

    def curves(self) -> list[str]:
        """List the tables of similarities over epochs that its claims read."""
        return []

    def chosen(self, datasets: Sequence[str], among: Sequence[str]) -> list[str]:
        """Keep those of some data sets that are among others."""
        return [dataset for dataset in datasets if dataset in among]

    def figure(
        self,
        name: str,
        title: str,
        rows: Mapping[str, Mapping[str, object]],
        *,
        drawing: str = "",
        panels: Sequence[Panel] = (),
        blocks: Sequence[str] = (),
        phrases: Mapping[str, str] | None = None,
    ) -> Figure:
        """Make a figure whose caption lies in ``figures/NAME.rst``.

        Parameters
        ----------
        name, title, rows, panels
            See `Figure`.
        drawing : str
            By default the name.
        blocks : sequence of str
            Block orders of the networks that are shown; by default the study's own.
        phrases : mapping of str to str, optional
            What stands in the caption beside the phrases that all figures share.
        """
        shown = blocks or [self.study.config.network.block]
        network = network_sentence(self.study, shown)
        return Figure(
            name=name,
            title=title,
            drawing=drawing or name,
            network=network_in_words(self.study, shown),
            rows=rows,
            panels=panels,
            caption_file=self.folder / "figures" / f"{name}.rst",
            phrases={**common_phrases(self.study), "network": network, **(phrases or {})},
        )
