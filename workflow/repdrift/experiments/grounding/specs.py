"""The specs of the programs of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from repdrift.study.tasks import Part


@dataclass(frozen=True)
class Question:
    """A question with a known answer: its name, and trainings of which each was done once with every seed.

    Two networks of the same training and of different seeds are alike, and those of two trainings are not.
    """

    name: str
    runs: tuple[str, ...]


@dataclass(frozen=True)
class GroundingSpec:
    """The similarities of networks of different seeds, under one reduction of layers.

    The program is given the weights of all networks, those of a training for each seed after those of another one, in
    the order of `runs_of`. `network` has the settings of all networks, and `own` the hash of the code of each estimator
    of a user's own.
    """

    questions: tuple[Question, ...]
    seeds: tuple[int, ...]
    network: dict[str, Any]
    probe: Part
    calibration: Part | None
    reduce: str
    estimators: tuple[str, ...]
    own: dict[str, str]


@dataclass(frozen=True)
class PrecisionSpec:
    """The questions, the layers, and the reduction of layers of each table of similarities.

    `compared` names the estimators. The program runs none of them, as `estimators` in a spec would say.
    """

    questions: tuple[Question, ...]
    seeds: tuple[int, ...]
    layers: tuple[str, ...]
    compared: tuple[str, ...]
    reductions: tuple[str, ...]


def runs_of(questions: Sequence[Question]) -> list[str]:
    """List the trainings of some questions, each once."""
    return list(dict.fromkeys(run for question in questions for run in question.runs))
