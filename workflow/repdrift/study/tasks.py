"""Tasks: which images of a data set are trained and tested on, and how their labels and pixels are transformed."""

from dataclasses import dataclass

SIDE = 32  # height and width of an image in pixels, unless a study sets another size
CALIBRATION_IMAGES = 2048  # the largest number of images on which BN statistics are re-estimated


@dataclass(frozen=True)
class Part:
    """A contiguous range of images of one split."""

    split: str
    start: int
    stop: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Parse a text such as ``train[0:5000]``, whose form the schema of the config has checked."""
        split, _, bounds = text.rstrip("]").partition("[")
        start, stop = bounds.split(":")
        return cls(split, int(start), int(stop))

    def first(self, size: int) -> "Part":
        """Return the range of the first `size` images."""
        return Part(self.split, self.start, self.start + size)

    @property
    def size(self) -> int:
        return self.stop - self.start

    def __str__(self) -> str:
        return f"{self.split}[{self.start}:{self.stop}]"


@dataclass(frozen=True)
class Transform:
    """A label transform.

    Attributes
    ----------
    kind : str
        ``random`` or ``shift``.
    value : int or str
        The degree of randomness d or the shift s. For a shift, ``seed`` takes s from the seed of the run.
    """

    kind: str
    value: int | str

    @property
    def suffix(self) -> str:
        """The suffix of the name of a task with these labels. It is empty for the true labels."""
        if self.kind == "random":
            return f"-random{self.value}" if self.value else ""
        return "-shift" if self.value == "seed" else f"-shift{self.value}"

    def amount(self, seed: int, classes: int) -> int:
        """Return the degree or the shift for one seed. The paper's authors shift by the seed, with s in 1..D-1."""
        if self.value == "seed":
            return (seed - 1) % (classes - 1) + 1
        return int(self.value)


def shuffle_suffix(side: int | None) -> str:
    """Return the suffix of the name of a task with shuffled pixels (see `Task`). It is empty if they are not."""
    if side is None:
        return ""
    return f"-blocks{side}" if side else "-values"


@dataclass(frozen=True)
class Task:
    """Images to train on, images to test on, and the transforms of their labels and pixels.

    Attributes
    ----------
    name : str
    role : str
        ``source``, ``domain``, ``cross_domain`` or ``others``. All tasks of one of the first three roles have the same
        test images, and hence the same probe.
    dataset : str
    train, test : Part
    transform : Transform
        The transform of the labels.
    shuffle : int, optional
        Side in pixels of the blocks that are permuted; 0 permutes all single values, also across channels. None leaves
        the images as they are.
    classes : int, optional
        Number of classes to train and test on, counted from the first. None is for all.
    images : int, optional
        Number of images of these classes to train on, counted from the first. None is for all.
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
