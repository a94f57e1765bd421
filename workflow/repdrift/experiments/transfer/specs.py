"""The specs of the programs of this experiment, see `repdrift.specs`.

`networks` names the files of weights in the order in which the program is given them. The Snakefile imports this
module, so it needs nothing heavy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from repdrift.study.architectures import NONE


@dataclass(frozen=True)
class Comparison:
    """The part that all specs of this experiment share: the networks of one target and seed, and its test images."""

    dataset: str
    seed: int
    network: dict[str, Any]
    networks: tuple[str, ...]
    test_images: int


@dataclass(frozen=True)
class RatesSpec(Comparison):
    """The trainings with several learning rates.

    `starts` names the networks from each start in the order of `rates`. `side` is that of the blocks of pixels that are
    shuffled. `epochs` is the number of first epochs that the speed of learning is a mean over.
    """

    side: int
    rates: tuple[float, ...]
    starts: Mapping[str, tuple[str, ...]]
    epochs: int


@dataclass(frozen=True)
class PairsSpec(Comparison):
    """The comparison of pairs of networks.

    `probe` and `calibration` are numbers of images. `disagreeing` is the pair whose mistakes are divided into ambiguous
    images and others, and `judges` are the networks that tell how ambiguous an image is. `reduce` is the reduction of
    layers. `own` is as in `repdrift.specs.SimilaritySpec`.
    """

    pairs: Mapping[str, tuple[str, str]]
    probe: int
    calibration: int | None
    estimators: tuple[str, ...]
    disagreeing: str
    judges: tuple[str, ...]
    reduce: str = NONE
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LinesSpec(Comparison):
    """The networks on the lines between pairs. `points` is the number of networks on a line, including its ends."""

    pairs: Mapping[str, tuple[str, str]]
    points: int
    calibration: int


@dataclass(frozen=True)
class CriticalitySpec(Comparison):
    """The networks whose parts are moved along paths.

    `paths` names the networks along each training. `distances` are shares of the direct path, `noises` are standard
    deviations, `draws` is the number of draws of each noise, and `excess` is the allowed increase of the loss in nats.
    """

    paths: Mapping[str, tuple[str, ...]]
    train_images: int
    distances: tuple[float, ...]
    noises: tuple[float, ...]
    draws: int
    excess: float
