"""The spec of the program of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass, field
from typing import Any

from repdrift.study.tasks import Part


@dataclass(frozen=True)
class Trained:
    """A training: its run, its labels in words, and the names of its first and last network in the spec.

    `head` is as in `repdrift.study.runs.Run`. Unless it is ``keep``, the training starts with a new head.
    """

    run: str
    labels: str
    start: str
    end: str
    head: str


@dataclass(frozen=True)
class MovementSpec:
    """The trainings of a role, whose networks are read on the probe of this role.

    `networks` names the files of weights, in their order. `sizes` are relative sizes of the change of every part, and
    `path` has shares of the change by training. If there are calibration images, BN statistics are estimated on them.
    `reduce` is as in `repdrift.study.sections.Probe`, and `own` as in `repdrift.specs.SimilaritySpec`.
    """

    role: str
    seed: int
    network: dict[str, Any]
    networks: tuple[str, ...]
    trainings: tuple[Trained, ...]
    probe: Part
    calibration: Part | None
    reduce: str
    estimators: tuple[str, ...]
    sizes: tuple[float, ...]
    path: tuple[float, ...]
    own: dict[str, str] = field(default_factory=dict)
