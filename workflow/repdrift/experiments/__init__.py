"""Experiments: what other papers' questions add to a study, each under a key of the config that may be null.

Here they are planned; what they compute has folders of its own. Standard library only: the Snakefile imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from repdrift.experiments.head2toe.experiment import Head2Toe
from repdrift.experiments.transfer.experiment import Transfer
from repdrift.experiments.transferability.experiment import Transferability

if TYPE_CHECKING:
    from repdrift.experiments.experiment import Experiment
    from repdrift.plan.plan import Plan
    from repdrift.study.runs import Run

KNOWN: dict[str, Callable[[Plan, Mapping[str, Any]], Experiment]] = {
    "transfer": Transfer,
    "transferability": Transferability,
    "head2toe": Head2Toe,
}


def experiments(plan: Plan) -> dict[str, Experiment]:
    """Give the experiments that a config has, by name."""
    return {name: make(plan, plan.config[name]) for name, make in KNOWN.items() if plan.config[name] is not None}


def together(runs: Iterable[Run]) -> dict[str, Run]:
    """Runs by name; one that several need keeps its weights at the epochs of all of them."""
    found: dict[str, Run] = {}
    for run in runs:
        epochs = {*run.checkpoints, *(found[run.name].checkpoints if run.name in found else ())}
        found[run.name] = replace(run, checkpoints=tuple(sorted(epochs)))
    return found
