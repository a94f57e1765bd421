"""Tasks: which images of a data set are trained and tested on, and how their labels are transformed.

Standard library only: the Snakefile imports it.
"""

from dataclasses import dataclass
from typing import Any

CALIBRATION_IMAGES = 2048  # at most, on which statistics of batch normalisation are estimated anew


@dataclass(frozen=True)
class Part:
    """A contiguous range of images of one split."""

    split: str
    start: int
    stop: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Parse ``train[0:5000]``; the config's schema has checked its form."""
        split, _, bounds = text.rstrip("]").partition("[")
        start, stop = bounds.split(":")
        return cls(split, int(start), int(stop))

    def first(self, size: int) -> "Part":
        return Part(self.split, self.start, self.start + size)

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def spec(self) -> dict[str, Any]:
        return {"split": self.split, "start": self.start, "stop": self.stop}

    def __str__(self) -> str:
        return f"{self.split}[{self.start}:{self.stop}]"


@dataclass(frozen=True)
class Transform:
    """A label transform: ``random`` to a degree d, or ``shift`` by s (``seed``: each run's by its seed)."""

    kind: str
    value: int | str

    @property
    def suffix(self) -> str:
        """What it adds to the name of a task: nothing for the true labels."""
        if self.kind == "random":
            return f"-random{self.value}" if self.value else ""
        return "-shift" if self.value == "seed" else f"-shift{self.value}"

    def amount(self, seed: int, classes: int) -> int:
        """Degree or shift for one seed; the paper's authors shift by the seed, s in 1..D-1."""
        if self.value == "seed":
            return (seed - 1) % (classes - 1) + 1
        return int(self.value)


def shuffled(side: int | None) -> str:
    """What shuffled pixels add to the name of a task: nothing where images are as they are."""
    if side is None:
        return ""
    return f"-blocks{side}" if side else "-values"


@dataclass(frozen=True)
class Task:
    """Images to train on, images to test on, and how their labels and pixels are transformed.

    `role` is ``source``, ``domain``, ``cross_domain`` or ``others``; of the first three, tasks of one role share their
    test images, hence their probe.

    Attributes
    ----------
    shuffle : int, optional
        Side of the blocks of pixels that change places, 0 for all values, across channels. None: images as they are.
    classes : int, optional
        Only images of the first so many classes, to train and to test on.
    images : int, optional
        Only the first so many of those to train on.
    """

    name: str
    role: str
    dataset: str
    train: Part
    test: Part
    transform: Transform
    shuffle: int | None = None
    classes: int | None = None
    images: int | None = None

    @property
    def size(self) -> int:
        """Number of images to train on."""
        return self.train.size if self.images is None else self.images
