"""Runs: the trainings of a study, by name.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass, replace

from repdrift.study.tasks import Task

Checkpoint = tuple[str, str]  # the name of a run or of initial weights, and the name of one of its checkpoints

INITIAL: Checkpoint = ("init", "init")
INDEPENDENT: Checkpoint = ("independent", "init")
INDEPENDENT_2: Checkpoint = ("independent2", "init")  # has nothing in common with the other two
ALL = "all"  # stands for all parts of a network
BLOCK_SEPARATOR = "/"  # the name of a run with another block order is this order, the separator, and the run's own name


@dataclass(frozen=True)
class Run:
    """A training that is done once for each seed.

    Attributes
    ----------
    name : str
    task : Task
    parent : Checkpoint
        The weights that it starts from.
    steps : int
        Its length in SGD steps.
    test_every : int
        Number of epochs from one test to the next.
    checkpoints : tuple of int
        The epochs whose weights are kept.
    head : str
        ``keep`` the head of the parent, or start with a ``new`` one. ``another`` is a second new one.
    order : int
        Runs that differ only in this number see the same images in different orders.
    learning_rate : float, optional
        None is for that of the study.
    train : str
        The name of the first part of the network that is trained, with all parts after it. ``all`` is for all parts.
    """

    name: str
    task: Task
    parent: Checkpoint
    steps: int
    test_every: int
    checkpoints: tuple[int, ...] = ()
    head: str = "keep"
    order: int = 1
    learning_rate: float | None = None
    train: str = ALL


def in_block(run: Run, block: str) -> Run:
    """Return the same run for a network with another block order. Its parent has that block order too."""
    parent, moment = run.parent
    prefix = block + BLOCK_SEPARATOR
    return replace(run, name=prefix + run.name, parent=(prefix + parent, moment), checkpoints=())


def network_variant(name: str) -> str:
    """Return the block order in the name of a run or of initial weights. It is empty for the study's own order."""
    return name.rpartition(BLOCK_SEPARATOR)[0]
