"""What all experiments have: their place in a study's plan.

Standard library only: the Snakefile imports it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from repdrift.claims.contrasts import Claim
    from repdrift.plan.plan import Plan
    from repdrift.study.runs import Run
    from repdrift.study.tasks import Task


class Experiment(ABC):
    """What an experiment adds to a study; each has rules in ``workflow/rules/<name>.smk``.

    Attributes
    ----------
    titles : dict of str to str
        Of its figures, by their names; the table of each is ``tables/<name>.csv``.
    keys : dict of str to tuple of str
        For each of these tables that claims read: the columns whose values, in this order, are the key of a number.
    targets : list of str
        Data sets of the targets that its config names.
    epochs : int
        Of the study's fine-tuning.
    """

    titles: ClassVar[Mapping[str, str]]
    keys: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(self, plan: Plan, config: Mapping[str, Any]) -> None:
        self.plan, self.config = plan, config
        self.epochs: int = plan.config["finetune"]["epochs"]
        self.targets = plan.datasets_of(config["targets"])
        self.sweeps = [dataset for dataset in plan.datasets_of(config["sweeps"]) if dataset in self.targets]

    def runs(self) -> Iterator[Run]:
        """Trainings that it needs; the paper's may be among them."""
        yield from ()

    def tasks(self) -> Iterator[Task]:
        """Tasks that it needs beside those of its trainings."""
        yield from ()

    @abstractmethod
    def rows(self, figure: str) -> dict[str, dict[str, object]]:
        """Files behind a figure's table, each with the columns that are to be added to it."""

    @abstractmethod
    def caption(self, figure: str) -> str:
        """What a figure shows, in whole sentences."""

    @abstractmethod
    def claims(self) -> list[Claim]:
        """Claims that are judged by it."""
