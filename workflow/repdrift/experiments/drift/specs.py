"""The specs of the programs of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass, field
from typing import Any

from repdrift.claims.contrasts import Claim, HistoryOf
from repdrift.study.architectures import NONE
from repdrift.study.tasks import Part


@dataclass(frozen=True)
class CurveSpec:
    """Similarity of a run to its initialisation at some epochs. `own` is as in `repdrift.specs.SimilaritySpec`."""

    run: str
    seed: int
    network: dict[str, Any]
    probe: Part
    calibration: Part | None
    epochs: tuple[int, ...]
    estimators: tuple[str, ...]
    reduce: str = NONE
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LayersSpec:
    """Similarity of all layers of some networks with all layers."""

    networks: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class UsualMeasurement:
    """Number of images, mode of batch normalisation and reduction of layers that the study itself uses."""

    images: int
    bn: str
    reduce: str = NONE


@dataclass(frozen=True)
class ComparedRun:
    """A run, the name of its final network, and those of its references by the name of the reference.

    The names of networks are those of `SensitivitySpec`.
    """

    name: str
    network: str
    references: dict[str, str]


@dataclass(frozen=True)
class SensitivitySpec:
    """Similarity of runs to their references under every choice of measurement.

    The choices are numbers of images, modes of batch normalisation, reductions of layers, and estimators.

    `networks` names the files of weights, in their order, and `network` has the settings of all of them. `role` names
    the probe, `probe` has its images, and `samples` is the number of separate probes of the usual size among them.
    `permutations` is the number of permutations by which the usual measurement is calibrated, or 0. `own` is as in
    `repdrift.specs.SimilaritySpec`.
    """

    runs: tuple[ComparedRun, ...]
    networks: tuple[str, ...]
    seed: int
    role: str
    network: dict[str, Any]
    probe: Part
    calibration: Part | None
    usual: UsualMeasurement
    sizes: tuple[int, ...]
    samples: int
    bn: tuple[str, ...]
    estimators: tuple[str, ...]
    permutations: int
    reduce: tuple[str, ...] = (NONE,)
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UsualChoices:
    """The study's number of images and mode of batch normalisation, and the label of its network beside variants.

    `reduce` is its reduction of layers if several are tried, and otherwise empty.
    """

    n: int
    bn: str
    variant: str
    reduce: str = ""


@dataclass(frozen=True)
class MultiverseSpec:
    """The claims of the paper, and the choices of measurement under which they are judged.

    `main` has the same claims with the contrasts that the main runs alone allow. `histories` names the runs and the
    seeds of the histories. `calibrated` is as in `repdrift.specs.JudgeSpec`.
    """

    claims: tuple[Claim, ...]
    main: tuple[Claim, ...]
    histories: tuple[HistoryOf, ...]
    calibrated: bool
    usual: UsualChoices


@dataclass(frozen=True)
class Counterpart:
    """A training of the study and the published numbers that it is compared with, see docs/reference/README.md.

    `phase`, `dataset`, `labels` and `images` name the rows of the published table. `run` and `reference` name the
    similarities of the study. `same_images` tells whether both have the same images, and not only the same kind.
    """

    phase: str
    dataset: str
    labels: str
    images: int
    run: str
    reference: str
    same_images: bool


@dataclass(frozen=True)
class ValidationSpec:
    """The comparison with published numbers. `histories` names the runs and the seeds of the histories."""

    counterparts: tuple[Counterpart, ...]
    histories: tuple[HistoryOf, ...]
    estimator: str
