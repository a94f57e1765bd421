"""The specs of the programs of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass
from typing import Any


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
class TuningSpec:
    """The search of a method that trains the network. `training` has the settings that all trainings share."""

    method: str
    target: str
    seed: int
    network: dict[str, Any]
    head: str
    training: dict[str, Any]
    learning_rates: tuple[float, ...]
    epochs: tuple[int, ...]
    parts: int
    folds: int
    test_images: int


@dataclass(frozen=True)
class AffinitySpec:
    """The titles of the targets, one for each table, and the layers that are neither early nor intermediate."""

    images: tuple[str, ...]
    late: tuple[str, ...]
