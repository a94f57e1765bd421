"""The sections of the config of a study, as types.

`repdrift.plan.checking` checks a config and tells the user what is wrong with it. A checked config is parsed into
these types, so that mypy checks every read of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

import msgspec

from repdrift.canonical import default_of
from repdrift.study.runs import ALL

Section = TypeVar("Section")

SGD, ADAMW = "sgd", "adamw"
CONSTANT, COSINE = "constant", "cosine"  # schedules without settings of their own


@dataclass(frozen=True)
class SplitOff:
    """A test part that is split off: its share of the images of each class, and the seed that chooses them."""

    fraction: float
    seed: int


@dataclass(frozen=True)
class DataSet:
    """A data set: the reader of its images, its title in figures, and its classes.

    Attributes
    ----------
    reader : str
    title : str
    classes : int
        Number of classes. A check of the config completes it by what the files tell.
    train, test : int or str, optional
        Numbers of images for rendered data sets, paths for npz files and folders, and names of splits for torchvision.
    names : tuple of str or int, optional
        The labels in the raw data in the order of the classes. None if they are the numbers of the classes.
    arguments : mapping, optional
        Further arguments of the class of torchvision.
    split : SplitOff, optional
        The test part that is split off the training part. None if the data set has a test part, or needs none.
    shuffle : int, optional
        The seed of the random order in which images are put before ranges are taken. None for the order of the files.
    """

    reader: str
    title: str
    classes: int
    train: int | str | None = None
    test: int | str | None = None
    names: tuple[str | int, ...] | None = None
    arguments: Mapping[str, Any] | None = None
    split: SplitOff | None = None
    shuffle: int | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings on which the labels and the choice of images depend: all but the title."""
        return {name: value for name, value in vars(self).items() if name != "title" and value is not None}


@dataclass(frozen=True)
class Pixels:
    """The images of a study: height and width in pixels, and mean and standard deviation of the channels.

    Networks get images that are normalised by these, with pixels in 0..1.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


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
class StepDecay:
    """A schedule that multiplies the learning rate by a factor after every `step` epochs."""

    step: int
    factor: float


@dataclass(frozen=True)
class Augmentation:
    """What is done to training images at random: horizontal flips, and crops of images padded by `crop` pixels."""

    flip: bool = False
    crop: int = 0


@dataclass(frozen=True)
class Training:
    """The settings of all trainings.

    Those with a default are left out of specs that have it, see `repdrift.canonical`.

    Attributes
    ----------
    learning_rate : float
        The largest learning rate of a training.
    momentum : float, optional
        None for AdamW, which has none.
    weight_decay : float
    batch_size : int
    precision : str
        ``float32``, ``tf32`` or ``bfloat16``.
    optimizer : str
        ``sgd`` or ``adamw``.
    schedule : str or StepDecay
        ``constant``, ``cosine``, or a step decay.
    warmup : int
        Number of epochs in which the learning rate grows to the largest one.
    label_smoothing : float
        The share of the target probability that all classes share evenly.
    augmentation : Augmentation
    """

    learning_rate: float
    momentum: float | None
    weight_decay: float
    batch_size: int
    precision: str
    optimizer: str = SGD
    schedule: str | StepDecay = CONSTANT
    warmup: int = 0
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Weights:
    """Weights that somebody else has trained, in place of pre-training.

    `file` is ``torchvision:NAME`` or the path of a file. `prefix` is what the names of the weights begin with there.
    """

    file: str
    prefix: str = ""


@dataclass(frozen=True)
class Variant:
    """Changes of ``network``, ``training`` and ``finetune`` with which runs are trained again.

    `head` and `train` are those of `Finetune`. None changes nothing. `runs` says which runs these are: the ``main``
    ones, which None means too, or ``all`` of the study's own.
    """

    network: Mapping[str, Any] | None = None
    training: Mapping[str, Any] | None = None
    head: str | None = None
    train: str | dict[str, str] | None = None
    runs: str | None = None


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
    """Trainings on target images, from the pre-trained weights.

    `train` is ``all``, ``head``, or ``{"from": name}`` with the name of a part or of the layer that it ends with.
    """

    epochs: int
    test_every: int
    head: str
    domain: Target
    cross_domain: Target
    others: tuple[Images, ...]
    train: str | dict[str, str] = ALL


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
class Figures:
    """The width and the font of all figures. None is for the usual ones.

    `width` is a length with a unit, see `repdrift.study.lengths`.
    """

    width: str | None = None
    font: str | None = None


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
    images: Pixels
    network: Network
    weights: Weights | None
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
    figures: Figures
    experiments: Mapping[str, Any]
    given: Mapping[str, Any]


def parse(config: Mapping[str, Any]) -> Config:
    """Parse a config that `repdrift.plan.checking.check` has accepted."""
    own = {field.name for field in fields(Config)}
    experiments = {name: section for name, section in config.items() if name not in own}
    found = {name: section for name, section in config.items() if name in own}
    if isinstance(found["weights"], str):
        found["weights"] = {"file": found["weights"]}
    return section(Config, {**found, "experiments": experiments, "given": dict(config)})


def without_defaults(given: Mapping[str, Any], parsed: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a config as the user gave it, without settings that have the default of their type.

    Parameters
    ----------
    given : mapping
        The config, or a section of it.
    parsed : dataclass
        The type that it was parsed into.
    """
    found = dict(given)
    for each in fields(parsed):
        value = getattr(parsed, each.name)
        if each.name in found and value == default_of(each):
            del found[each.name]
        elif isinstance(found.get(each.name), Mapping) and is_dataclass(value):
            found[each.name] = without_defaults(given[each.name], value)
    return found


def section(kind: type[Section], value: Mapping[str, Any]) -> Section:
    """Parse a section of a checked config into its dataclass."""
    return msgspec.convert(value, kind)
