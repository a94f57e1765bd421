"""The phrases of captions. They name the images, settings and seeds of a study.

They come from the config, so the caption of a preset with two seeds never says five.
The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from repdrift.study.architectures import HEAD, MEAN, NONE, TOKEN, TORCHVISION
from repdrift.study.choices import Choice, arguments_in_words, short_name
from repdrift.study.runs import ALL
from repdrift.study.sections import ADAMW, COSINE, Config, StepDecay, Training
from repdrift.study.study import Study
from repdrift.study.tasks import Part
from repdrift.study.trained import first_trained

NULL = (
    "Short lines are the mean similarity when the images of one side are permuted: what the estimator gives to "
    "unrelated images."
)
EFFECTS = (
    "An effect has the sign that the claim says if it is positive. It is drawn with its 95 % interval in units of its "
    "margin, and written in its own unit. Its colour is its verdict, and the paler the smaller the effect. Where a row "
    "stands for several layers or targets, it shows the one that the verdict hangs on, and small points are the "
    "others. Grey ticks are contrasts that do not decide."
)
REPRESENTATIONS = {
    NONE: "Representations",
    MEAN: "Representations, with the mean of each channel over all positions,",
    TOKEN: "Representations, with the first token of each image,",
}
CHANGE = (
    "The bottom row shows 1 less the similarity on a logarithmic axis, where small changes are seen; the means and "
    "intervals there are those of the logarithms."
)


def common_phrases(study: Study) -> dict[str, str]:
    """Return the phrases that are the same for all figures, by their names in captions."""
    config, seeds = study.config, len(study.seeds)
    return {
        "seeds": f"This study has {count(seeds, 'seed')}.",
        "mean_of_seeds": f"Values are means over {seeds} seeds." if seeds > 1 else "There is one seed.",
        "intervals": intervals_in_words(seeds),
        "points": intervals_and_seeds(seeds, "points"),
        "bands": intervals_and_seeds(seeds, "lines"),
        "null": NULL,
        "change": CHANGE,
        "effects": EFFECTS,
        "estimators": f"The estimators are {', '.join(config.similarity.estimators)}.",
        "trained": _trained(study),
        "fine_tuned": _fine_tuned(study),
        "epochs": str(config.finetune.epochs),
    }


def compared_on(study: Study, roles: Iterable[str]) -> str:
    """Return a sentence that tells on which images representations are compared."""
    images = " and ".join(study.probe_title(role) for role in dict.fromkeys(roles))
    return f"{REPRESENTATIONS[study.config.probe.reduce]} are compared on {images}, with {_statistics(study.config)}."


def network_in_words(study: Study, choices: Iterable[Choice]) -> str:
    """Return the names of the networks of a figure with their arguments and given weights, for its footer."""
    arguments: dict[str, list[str]] = {}
    for choice in choices:
        arguments.setdefault(short_name(choice.network), []).append(arguments_in_words(choice.network))
    words = {name: " or ".join(dict.fromkeys(filter(None, found))) for name, found in arguments.items()}
    given = study.config.weights
    weights = "" if given is None else f"weights {PurePath(given.file).stem.removeprefix(TORCHVISION)}"
    return "; ".join(", ".join(filter(None, (*pair, weights))) for pair in words.items())


def network_sentence(study: Study, choices: Sequence[Choice]) -> str:
    """Return a sentence that names the networks of a figure."""
    return f"The network is {network_in_words(study, choices)}."


def intervals_in_words(seeds: int, *, log: bool = False) -> str:
    """Return the sentence that tells what means and intervals show of the seeds. `log` is for logarithmic axes."""
    if seeds == 1:
        return "There is one seed, so no interval is shown."
    means = "means of logarithms" if log else "means"
    return f"Values are {means} over {seeds} seeds, with 95 % confidence intervals by Student's t."


def intervals_and_seeds(seeds: int, drawn: str, *, log: bool = False) -> str:
    """Return the sentences for figures that also show each seed, as faint `drawn` (such as ``points``)."""
    return intervals_in_words(seeds, log=log) + ("" if seeds == 1 else f" Faint {drawn} are single seeds.")


def count(number: int, word: str) -> str:
    """Return a number with its noun in the singular or the plural."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words: ``a, b and c``."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _statistics(config: Config) -> str:
    if config.probe.bn == "batch":
        return "batch normalisation by the statistics of each batch of 32"
    return "batch normalisation by statistics that are re-estimated on training images"


def _trained(study: Study) -> str:
    if not study.trains_source:
        return "The network was not pre-trained here."
    source, epochs = study.config.source, study.config.pretrain.epochs
    images = study.images_title(source.dataset, Part.parse(source.train))
    return f"Networks are trained on {images}, for {count(epochs, 'epoch')}.{_methods(study.config.training)}"


def _fine_tuned(study: Study) -> str:
    finetune = study.config.finetune
    images = " and ".join(
        study.images_title(target.dataset, Part.parse(target.train))
        for target in (finetune.domain, finetune.cross_domain)
    )
    first = first_trained(finetune.train, study.architecture)
    which = "" if first == ALL else f" Only {_from(first)} trained; what comes before keeps its pre-trained weights."
    methods = _methods(study.config.training)
    return f"Networks are fine-tuned on {images}, for {count(finetune.epochs, 'epoch')}.{which}{methods}"


def _from(part: str) -> str:
    return "the head is" if part == HEAD else f"{part} and the parts after it are"


def _methods(training: Training) -> str:
    """Return a sentence that names what a training has beyond SGD with a constant learning rate, or nothing."""
    schedule, augmentation = training.schedule, training.augmentation
    found = []
    if training.optimizer == ADAMW:
        found.append("AdamW")
    if schedule == COSINE:
        found.append("a learning rate that falls to 0 as a cosine")
    if isinstance(schedule, StepDecay):
        found.append(f"a learning rate that is multiplied by {schedule.factor:g} after every {_epochs(schedule.step)}")
    if training.warmup:
        found.append(f"a warm-up of {count(training.warmup, 'epoch')}")
    if training.label_smoothing:
        found.append(f"label smoothing of {training.label_smoothing:g}")
    if augmentation.flip:
        found.append("random horizontal flips")
    if augmentation.crop:
        found.append(f"random crops of images that are padded by {count(augmentation.crop, 'pixel')}")
    if not found:
        return ""
    return f" Training uses {listed(found)}."


def _epochs(number: int) -> str:
    return "epoch" if number == 1 else f"{number} epochs"
