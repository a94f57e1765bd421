"""The specs of the programs of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trained:
    """The training of a network, as columns of the table. `domain` is the name of the domain of its images."""

    run: str
    labels: str
    network: str
    groups: str
    size: int
    classes: int
    steps: int
    domain: str


@dataclass(frozen=True)
class NetworksSpec:
    """The networks that were trained on one target.

    The program is given the files of the references first and then those of the runs. `images` is the number of images
    of each domain whose features are computed.
    """

    seed: int
    network: dict[str, Any]
    references: tuple[str, ...]
    runs: tuple[Trained, ...]
    domains: tuple[str, ...]
    images: int


@dataclass(frozen=True)
class RegressionSpec:
    """The titles of the targets, one for each table."""

    images: tuple[str, ...]
