"""Runs: the trainings of a study, by name.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass

from repdrift.study.tasks import Task

Checkpoint = tuple[str, str]  # the name of a run or of initial weights, and the name of one of its checkpoints

INITIAL: Checkpoint = ("init", "init")
INDEPENDENT: Checkpoint = ("independent", "init")
INDEPENDENT_2: Checkpoint = ("independent2", "init")  # has nothing in common with the other two
GIVEN = "weights"  # stands for weights that somebody else has trained, among the names of runs
ALL = "all"  # stands for all parts of a network
VARIANT_SEPARATOR = "/"  # the name of a run of a variant is the variant, the separator, and the name of the usual run


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


def prefix_of(variant: str) -> str:
    """Return what the names of the runs and weights of a variant begin with: nothing for those of the study itself."""
    return variant and variant + VARIANT_SEPARATOR


def variant_of(name: str) -> str:
    """Return the variant in the name of a run or of initial weights. It is empty for those of the study itself."""
    return name.rpartition(VARIANT_SEPARATOR)[0]
