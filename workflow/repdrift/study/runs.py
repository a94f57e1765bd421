"""Runs: the trainings of a study, by name.

Standard library only: the Snakefile imports it.
"""

from dataclasses import dataclass, replace

from repdrift.study.tasks import Task

Checkpoint = tuple[str, str]  # a run's name, or that of a kind of initial weights, and the checkpoint's

INITIAL: Checkpoint = ("init", "init")
INDEPENDENT: Checkpoint = ("independent", "init")
BETWEEN = "/"  # in a run's name, between another order of the network's blocks and the name that the study's run has


@dataclass(frozen=True)
class Run:
    """One training, for every seed: a task, the checkpoint that it starts from, and its length in SGD steps.

    Weights are kept at the epochs `checkpoints`. Runs that differ in `order` alone see the same images in other orders.
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
    """Give a run with another order of the blocks, from a parent that has it too."""
    parent, moment = run.parent
    return replace(run, name=block + BETWEEN + run.name, parent=(block + BETWEEN + parent, moment), checkpoints=())
