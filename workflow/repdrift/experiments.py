"""Experiments: what other papers' questions add to a study, each under a key of the config that may be null.

Standard library only: the Snakefile imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from repdrift.transfer.plan import Transfer
from repdrift.transferability.plan import Transferability

if TYPE_CHECKING:
    from repdrift.claims import Claim
    from repdrift.plan import Plan
    from repdrift.runs import Run


class Experiment(Protocol):
    """What an experiment adds to a study; each has rules in ``workflow/rules/<name>.smk``.

    Attributes
    ----------
    titles : dict of str to str
        Of its figures, by their names; the table of each is ``tables/<name>.csv``.
    keys : dict of str to tuple of str
        For each of these tables that claims read: the columns whose values, in this order, are the key of a number.
    """

    @property
    def titles(self) -> Mapping[str, str]: ...

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]: ...

    def runs(self) -> Iterator[Run]:
        """Trainings that it needs; the paper's may be among them."""

    def rows(self, figure: str) -> dict[str, dict[str, object]]:
        """Files behind a figure's table, each with the columns that are to be added to it."""

    def caption(self, figure: str) -> str:
        """What a figure shows, in whole sentences."""

    def claims(self) -> list[Claim]:
        """Claims that are judged by it."""


def experiments(plan: Plan) -> dict[str, Experiment]:
    """Give the experiments that a config has, by name."""
    known: dict[str, Callable[[Plan], Experiment]] = {"transfer": Transfer, "transferability": Transferability}
    return {name: make(plan) for name, make in known.items() if plan.config[name] is not None}


def together(runs: Iterable[Run]) -> dict[str, Run]:
    """Runs by name; one that several need keeps its weights at the epochs of all of them."""
    found: dict[str, Run] = {}
    for run in runs:
        epochs = {*run.checkpoints, *(found[run.name].checkpoints if run.name in found else ())}
        found[run.name] = replace(run, checkpoints=tuple(sorted(epochs)))
    return found
