"""The sections of a study's config, as types.

`repdrift.study.config` checks a config and says to the user what is wrong with it. Only then is it parsed into these
types, and everything behind the check reads names that mypy knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import msgspec

Section = TypeVar("Section")


@dataclass(frozen=True)
class DataSet:
    """A data set: the reader of its images, its title in figures, and its number of classes.

    `train` and `test` are numbers of images for rendered data sets, paths for npz files, and otherwise None.
    """

    reader: str
    title: str
    classes: int
    train: int | str | None = None
    test: int | str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides what the images are. The title does not."""
        return {name: value for name, value in vars(self).items() if name != "title" and value is not None}


@dataclass(frozen=True)
class Network:
    """The architecture that is trained."""

    name: str
    block: str


@dataclass(frozen=True)
class Training:
    """Settings that all trainings share."""

    learning_rate: float
    momentum: float
    weight_decay: float
    batch_size: int
    precision: str


@dataclass(frozen=True)
class Images:
    """A range of images to train on and one to test on, of one data set, as `Part.parse` reads them."""

    dataset: str
    train: str
    test: str


@dataclass(frozen=True)
class Target(Images):
    """Images to fine-tune on, with the degrees of label randomness and the shift of the labels that are tried."""

    random: tuple[int, ...]
    shift: int | str | None


@dataclass(frozen=True)
class Pretrain:
    """Trainings from random weights on the source images."""

    epochs: int
    test_every: int
    random: tuple[int, ...]
    sizes: tuple[int, ...]
    sizes_random: tuple[int, ...]
    checkpoints: tuple[int, ...] | str


@dataclass(frozen=True)
class Finetune:
    """Trainings from the pre-trained weights on target images."""

    epochs: int
    test_every: int
    head: str
    domain: Target
    cross_domain: Target
    others: tuple[Images, ...]


@dataclass(frozen=True)
class Controls:
    """Comparisons that the paper lacks."""

    scratch: bool
    matched_steps: int | None
    independent: bool


@dataclass(frozen=True)
class Probe:
    """The images on which representations are compared, and the mode of batch normalisation."""

    images: int
    bn: str


@dataclass(frozen=True)
class Keep:
    """Which large files stay after the study is done."""

    activations: bool


@dataclass(frozen=True)
class Similarity:
    """The estimators of similarity, and the number of permutations behind each null."""

    estimators: tuple[str, ...]
    permutations: int


@dataclass(frozen=True)
class Sensitivity:
    """Other choices of measurement that are tried."""

    images: tuple[int, ...]
    bn: tuple[str, ...]
    estimators: tuple[str, ...]
    blocks: tuple[str, ...]
    runs: str


@dataclass(frozen=True)
class Config:
    """A whole config.

    Attributes
    ----------
    experiments : mapping of str to mapping or None
        The sections of the experiments on other papers, which each experiment parses itself. None leaves one out.
    given : mapping
        The config as the user gave it, for the report.
    """

    study: str
    seeds: tuple[int, ...]
    data: str
    datasets: Mapping[str, DataSet]
    network: Network
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
    """Parse a config that has passed `repdrift.study.config.check`."""
    own = {field.name for field in fields(Config)}
    experiments = {name: section for name, section in config.items() if name not in own}
    found = {name: section for name, section in config.items() if name in own}
    return section(Config, {**found, "experiments": experiments, "given": dict(config)})


def section(kind: type[Section], value: Mapping[str, Any]) -> Section:
    """Parse a section of a checked config into its dataclass."""
    return msgspec.convert(value, kind)
