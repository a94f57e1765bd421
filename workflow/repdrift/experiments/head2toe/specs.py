"""The specs of the programs of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass
from typing import Any

from repdrift.study.sections import Training


@dataclass(frozen=True)
class FeaturesSpec:
    """The features of a target's examples. `networks` names the pre-trained network, and a second one if it exists."""

    network: dict[str, Any]
    networks: tuple[str, ...]
    target_sizes: tuple[int, ...]
    test_images: int


@dataclass(frozen=True)
class ProbesSpec:
    """The search for probes on a target. Its settings are those of the section ``head2toe`` of config.yaml."""

    target: str
    seed: int
    network: dict[str, Any]
    parts: int
    target_sizes: tuple[int, ...]
    folds: int
    steps: tuple[int, ...]
    window: float
    offsets: tuple[float, ...]


@dataclass(frozen=True)
class ProbeBefore:
    """The search for the probe from which a method trains the network. `method` is ``linear`` or ``head2toe``."""

    method: str
    target_sizes: tuple[int, ...]
    steps: tuple[int, ...]


@dataclass(frozen=True)
class TuningSpec:
    """The search of a method that trains the network. `training` has the settings that all trainings share.

    `probe` is None for methods that start without a probe.
    """

    method: str
    target: str
    seed: int
    network: dict[str, Any]
    head: str
    training: Training
    learning_rates: tuple[float, ...]
    epochs: tuple[int, ...]
    parts: int
    folds: int
    test_images: int
    probe: ProbeBefore | None


@dataclass(frozen=True)
class AffinitySpec:
    """The titles of the targets, one for each table."""

    images: tuple[str, ...]
