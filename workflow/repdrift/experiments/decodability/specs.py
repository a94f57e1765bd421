"""The spec of the program of this experiment, see `repdrift.specs`.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Counts:
    """Numbers of images of the source or of a target.

    Probes are fitted on the first `images` of a training part, and tested on the first `test_images` of a test part. If
    there are calibration images, which are the first of the training part, BN statistics are estimated on them.
    """

    images: int
    test_images: int
    calibration: int | None


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned network: the name of its run, and its name in figures."""

    run: str
    series: str


@dataclass(frozen=True)
class ProbesSpec:
    """The linear probes of all networks that were fine-tuned on one target, for one seed.

    The program is given the files of the initial, the pre-trained and the fine-tuned networks in this order. The first
    two files of tasks have the fitted and the held-out images of the source, and the others are those of the
    fine-tunings. `penalty` is as in `repdrift.networks.linear_probes.fit`, and
    `reduce` is the reduction of layers.
    """

    dataset: str
    seed: int
    network: dict[str, Any]
    tuned: tuple[Tuned, ...]
    source: Counts
    target: Counts
    penalty: float
    reduce: str
