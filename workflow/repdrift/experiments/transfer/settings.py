"""The section ``transfer`` of the config.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Criticality:
    """The settings of criticality, see the comments in config.yaml."""

    path: tuple[int, ...]
    distances: tuple[float, ...]
    noises: tuple[float, ...]
    draws: int
    images: int
    excess: float


@dataclass(frozen=True)
class Settings:
    """The section ``transfer`` of the config."""

    targets: tuple[str, ...]
    images: int
    converged: int
    learning_rates: tuple[float, ...]
    sweeps: tuple[str, ...]
    shuffle: tuple[int, ...]
    checkpoints: tuple[int, ...]
    test_images: int
    points: int
    criticality: Criticality
