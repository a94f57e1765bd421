"""The sections of the config of a study, as types.

`repdrift.study.config` checks a config and tells the user what is wrong with it. A checked config is parsed into these
types, so that mypy checks every read of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import msgspec

Section = TypeVar("Section")


@dataclass(frozen=True)
class DataSet:
    """A data set: the reader of its images, its title in figures, and its number of classes.

    `train` and `test` are numbers of images for rendered data sets and paths for npz files. Otherwise they are None.
    """

    reader: str
    title: str
    classes: int
    train: int | str | None = None
    test: int | str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings on which the images and labels depend: all but the title."""
        return {name: value for name, value in vars(self).items() if name != "title" and value is not None}


@dataclass(frozen=True)
class Network:
    """The architecture that is trained, and the layers that are compared.

    `name` is ``conv4``, ``torchvision:NAME`` or ``path/to/file.py:FUNCTION``. `arguments` are those of its class or
    function. `layers` has names and patterns of layers; None is for the default.
    """

    name: str
    arguments: Mapping[str, Any]
    layers: tuple[str, ...] | None


@dataclass(frozen=True)
class Training:
    """The settings of all trainings."""

    learning_rate: float
    momentum: float
    weight_decay: float
    batch_size: int
    precision: str


@dataclass(frozen=True)
class Variant:
    """Changes of ``network``, ``training`` and the head with which the main runs are trained again.

    None changes nothing.
    """

    network: Mapping[str, Any] | None = None
    training: Mapping[str, Any] | None = None
    head: str | None = None


@dataclass(frozen=True)
class Images:
    """A range of images of a data set to train on, and one to test on, in the form that `Part.parse` reads."""

    dataset: str
    train: str
    test: str


@dataclass(frozen=True)
class Target(Images):
    """Images to fine-tune on, with the degrees of randomness and the shift of the labels that are tried."""

    random: tuple[int, ...]
    shift: int | str | None


@dataclass(frozen=True)
class Pretrain:
    """Trainings on the source images, from random weights."""

    epochs: int
    test_every: int
    random: tuple[int, ...]
    sizes: tuple[int, ...]
    sizes_random: tuple[int, ...]
    checkpoints: tuple[int, ...] | str


@dataclass(frozen=True)
class Finetune:
    """Trainings on target images, from the pre-trained weights."""

    epochs: int
    test_every: int
    head: str
    domain: Target
    cross_domain: Target
    others: tuple[Images, ...]


@dataclass(frozen=True)
class Controls:
    """Controls that the paper lacks."""

    scratch: bool
    matched_steps: int | None
    independent: bool


@dataclass(frozen=True)
class Probe:
    """The images on which representations are compared, the mode of batch normalisation, and the reduction of layers.

    `reduce` is ``none``, ``mean`` or ``token``, see `repdrift.networks.reduction`.
    """

    images: int
    bn: str
    reduce: str


@dataclass(frozen=True)
class Keep:
    """Which large files are kept when no job needs them any more."""

    activations: bool


@dataclass(frozen=True)
class Similarity:
    """The estimators of similarity, and how sure one can be of their values.

    `permutations` is the number of permutations behind each null. If `calibrated` is set, claims are also judged on
    values that are calibrated by their null. `halves` is the number of random halves of the probe.
    """

    estimators: tuple[str, ...]
    permutations: int
    calibrated: bool
    halves: int


@dataclass(frozen=True)
class Sensitivity:
    """Other settings of the measurement, with which the results are measured again."""

    images: tuple[int, ...]
    bn: tuple[str, ...]
    reduce: tuple[str, ...]
    estimators: tuple[str, ...]
    runs: str
    samples: int


@dataclass(frozen=True)
class Config:
    """A whole config.

    Attributes
    ----------
    experiments : mapping of str to mapping or None
        The sections of the experiments on other papers. Each experiment parses its own. None leaves an experiment out.
    given : mapping
        The config as the user gave it, for the report.
    """

    study: str
    seeds: tuple[int, ...]
    seen_seeds: tuple[int, ...]
    data: str
    datasets: Mapping[str, DataSet]
    network: Network
    variants: Mapping[str, Variant | None]
    training: Training
    source: Images
    pretrain: Pretrain
    finetune: Finetune
    controls: Controls
    probe: Probe
    keep: Keep
    similarity: Similarity
    sensitivity: Sensitivity
    experiments: Mapping[str, Any]
    given: Mapping[str, Any]


def parse(config: Mapping[str, Any]) -> Config:
    """Parse a config that `repdrift.study.config.check` has accepted."""
    own = {field.name for field in fields(Config)}
    experiments = {name: section for name, section in config.items() if name not in own}
    found = {name: section for name, section in config.items() if name in own}
    return section(Config, {**found, "experiments": experiments, "given": dict(config)})


def section(kind: type[Section], value: Mapping[str, Any]) -> Section:
    """Parse a section of a checked config into its dataclass."""
    return msgspec.convert(value, kind)
