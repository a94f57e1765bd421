"""The specs of the programs that all experiments share. A spec has exactly the settings that a job uses.

The plan makes the spec of a job, Snakemake tracks it as canonical JSON, and the program of the job parses it. The specs
of the programs of an experiment are in its folder. The Snakefile imports this module, so it needs nothing heavy.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from repdrift.canonical import canonical
from repdrift.claims.contrasts import Claim, HistoryOf
from repdrift.claims.regime import Regime
from repdrift.study.architectures import NONE
from repdrift.study.figure import Panel
from repdrift.study.runs import ALL
from repdrift.study.sections import Training
from repdrift.study.tasks import Part

Spec = TypeVar("Spec")


def parse(kind: type[Spec], text: str) -> Spec:
    """Parse the spec of a program.

    Raises
    ------
    ValueError
        If a key is missing or unknown, or a value has another type.
    """
    found = msgspec.json.decode(text, type=kind)
    if canonical(found) != canonical(json.loads(text)):
        raise ValueError(f"{text} is not the JSON of a {kind.__name__}")
    return found


@dataclass(frozen=True)
class DataSetSpec:
    """A split of a data set; `dataset` has the settings that `repdrift.study.sections.DataSet` lists."""

    dataset: dict[str, Any]
    split: str


@dataclass(frozen=True)
class Kept:
    """Limits of a task: its number of classes, and its number of training images of these. None is for all.

    Both are counted from the first.
    """

    classes: int | None
    images: int | None


@dataclass(frozen=True)
class TaskSpec:
    """A task for one seed.

    `labels` is ``{"random": degree}`` or ``{"shift": shift}``. `shuffle` is as in `repdrift.study.tasks.Task`.
    """

    task: str
    dataset: str
    train: Part
    test: Part
    labels: dict[str, int]
    classes: int
    kept: Kept
    shuffle: int | None
    seed: int


@dataclass(frozen=True)
class InitialiseSpec:
    """Random weights of a network, from the generator for one purpose and seed."""

    network: dict[str, Any]
    purpose: str
    seed: int


@dataclass(frozen=True)
class WeightsSpec:
    """Weights that somebody else has trained, see `repdrift.networks.weights.with_weights`."""

    network: dict[str, Any]
    source: str
    prefix: str


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Training):
    """Settings of one training: those that all trainings of a study share, and its own.

    `steps` is its length in steps, so the last epoch may be incomplete. `test_every` is in epochs.
    """

    steps: int
    test_every: int


@dataclass(frozen=True)
class TrainSpec:
    """A training for one seed; `head`, `checkpoints`, `order` and `train` are as in `repdrift.study.runs.Run`."""

    run: str
    task: str
    network: dict[str, Any]
    head: str
    training: TrainingSettings
    checkpoints: tuple[int, ...]
    order: int
    seed: int
    train: str = ALL


@dataclass(frozen=True)
class ActivationsSpec:
    """Representations of a network on a probe. If there are calibration images, BN statistics are estimated on them.

    `reduce` is as in `repdrift.study.sections.Probe`. `features` tells whether the features of wide layers are kept,
    and not the inner products of their images.
    """

    network: dict[str, Any]
    probe: Part
    calibration: Part | None
    reduce: str = NONE
    features: bool = False


@dataclass(frozen=True)
class SimilaritySpec:
    """Similarities of the final network of a run to its references, on the probe of a role.

    `permutations` is the number of permutations behind each null, and `halves` the number of random halves of the
    probe on which linear CKA is measured again. `own` has the hash of the code of each estimator of a user's own.
    """

    run: str
    seed: int
    probe: str
    references: tuple[str, ...]
    estimators: tuple[str, ...]
    permutations: int
    halves: int
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableSpec:
    """The table of a figure; `columns` has the columns that are added to the rows of each of its files."""

    panels: tuple[Panel, ...]
    columns: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class FigureSpec:
    """A figure: its name, the module that draws it, the network in words, and what a venue asks for.

    `width` is in inches. The width and the font are None for the usual ones.
    """

    figure: str
    kind: str
    network: str
    width: float | None = None
    font: str | None = None


@dataclass(frozen=True)
class JudgeSpec:
    """The claims of a paper and how they are judged.

    Attributes
    ----------
    claims : tuple of Claim
    histories : tuple of HistoryOf
        The runs and the seeds of the histories.
    tables : dict
        The columns that identify a number of a table, by the table's name.
    calibrated : bool
        Whether the claims are also judged on similarities that are calibrated by their null.
    regime : Regime
    """

    claims: tuple[Claim, ...]
    histories: tuple[HistoryOf, ...]
    tables: dict[str, tuple[str, ...]]
    calibrated: bool
    regime: Regime


@dataclass(frozen=True)
class ShownFigure:
    """A figure of the report, and the title of its experiment. `claims` tells whether it shows verdicts on claims."""

    name: str
    title: str
    caption: str
    experiment: str
    claims: bool


@dataclass(frozen=True)
class ShownTraining:
    """A training of the report, in words; `epochs` is its length, and `images` the number of its training images."""

    run: str
    fine_tuned: bool
    dataset: str
    labels: str
    start: str
    variant: str
    images: int
    epochs: int


@dataclass(frozen=True)
class ReportSpec:
    """The report: what was studied, as pairs of a heading and words, its figures and trainings in order, its config.

    The config is without the settings that only concern the disk, and without those that have their default.
    """

    study: str
    title: str
    studied: tuple[tuple[str, str], ...]
    figures: tuple[ShownFigure, ...]
    trainings: tuple[ShownTraining, ...]
    config: dict[str, Any]
