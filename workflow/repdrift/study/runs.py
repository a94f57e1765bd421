"""Runs: the trainings of a study, by name.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass, replace

from repdrift.study.tasks import Task

Checkpoint = tuple[str, str]  # a run's name, or that of a kind of initial weights, and the checkpoint's

INITIAL: Checkpoint = ("init", "init")
INDEPENDENT: Checkpoint = ("independent", "init")
BETWEEN = "/"  # in a run's name, between the block order of a variant and the name that the study's own run has


@dataclass(frozen=True)
class Run:
    """A training, for every seed: a task, the checkpoint that it starts from, and its length in SGD steps.

    Weights are kept at the epochs `checkpoints`. Runs that differ in `order` alone see the same images in different
    orders.
    """

    name: str
    task: Task
    parent: Checkpoint
    steps: int
    test_every: int
    checkpoints: tuple[int, ...] = ()
    head: str = "keep"
    order: int = 1


def in_block(run: Run, block: str) -> Run:
    """Give the same run for a network with another block order, from a parent that has it too."""
    parent, moment = run.parent
    return replace(run, name=block + BETWEEN + run.name, parent=(block + BETWEEN + parent, moment), checkpoints=())


def network_variant(name: str) -> str:
    """Give the block order in the name of a run or of initial weights; empty for the study's own."""
    return name.rpartition(BETWEEN)[0]
