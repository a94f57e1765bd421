"""The specs of the programs that all experiments share: the settings that a job uses, all of them and no others.

The plan makes the spec of a job, Snakemake tracks it as canonical JSON, and the job's program parses it. The programs
of an experiment have their specs in the experiment's folder. The Snakefile imports this module, so it needs nothing
heavy.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from repdrift.canonical import canonical
from repdrift.claims.contrasts import Claim, HistoryOf
from repdrift.study.figure import Panel
from repdrift.study.tasks import Part

Spec = TypeVar("Spec")


def parse(kind: type[Spec], text: str) -> Spec:
    """Parse the spec of a program.

    Raises
    ------
    ValueError
        If the text is not exactly what this kind of spec writes: a value of another type, a missing or a further key.
    """
    found = msgspec.json.decode(text, type=kind)
    if canonical(found) != canonical(json.loads(text)):
        raise ValueError(f"this is no {kind.__name__}: {text}")
    return found


@dataclass(frozen=True)
class DataSetSpec:
    """A split of a data set; `dataset` has the settings of `repdrift.study.sections.DataSet`."""

    dataset: dict[str, Any]
    split: str


@dataclass(frozen=True)
class Kept:
    """Images of the first so many classes, and of these the first so many; None for all."""

    classes: int | None
    images: int | None


@dataclass(frozen=True)
class TaskSpec:
    """A task for one seed; `labels` is ``{"random": degree}`` or ``{"shift": shift}``."""

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
    """Random weights of a network, from the generator of one purpose and seed."""

    network: dict[str, Any]
    purpose: str
    seed: int


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of one training.

    `steps` is its length in SGD steps; the last epoch is cut where they end. `test_every` is in epochs. `precision` is
    ``float32``, ``tf32`` or ``bfloat16``.
    """

    learning_rate: float
    momentum: float
    weight_decay: float
    batch_size: int
    precision: str
    steps: int
    test_every: int


@dataclass(frozen=True)
class TrainSpec:
    """A training; `head` is ``keep`` or ``new``, `checkpoints` are the epochs whose weights are kept."""

    run: str
    task: str
    network: dict[str, Any]
    head: str
    training: TrainingSettings
    checkpoints: tuple[int, ...]
    order: int
    seed: int


@dataclass(frozen=True)
class ActivationsSpec:
    """Representations of a network on a probe; with calibration images, batch statistics are estimated on these."""

    network: dict[str, Any]
    probe: Part
    calibration: Part | None


@dataclass(frozen=True)
class SimilaritySpec:
    """Similarity of the final network of a run to its references."""

    run: str
    seed: int
    references: tuple[str, ...]
    estimators: tuple[str, ...]
    permutations: int


@dataclass(frozen=True)
class TableSpec:
    """The table of a figure; `columns` are added to the rows of each of its files."""

    panels: tuple[Panel, ...]
    columns: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class FigureSpec:
    """A drawing: the name of its figure, the module that draws it, and the network in words."""

    figure: str
    kind: str
    network: str


@dataclass(frozen=True)
class JudgeSpec:
    """The claims of a paper, whose each history is, and by which columns the numbers of each table are read."""

    claims: tuple[Claim, ...]
    histories: tuple[HistoryOf, ...]
    tables: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class ShownFigure:
    """A figure of the report."""

    name: str
    title: str
    caption: str


@dataclass(frozen=True)
class ReportSpec:
    """The report: its figures in order, and the config without paths and without what concerns the disk only."""

    study: str
    figures: tuple[ShownFigure, ...]
    config: dict[str, Any]
