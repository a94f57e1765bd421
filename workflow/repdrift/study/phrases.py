"""The phrases of captions. They name the images, settings and seeds of a study.

They come from the config, so the caption of a preset with two seeds never says five.
The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterable, Sequence

from repdrift.study.architectures import MEAN, NONE, TOKEN
from repdrift.study.networks import Choice, arguments_in_words, short_name
from repdrift.study.sections import Config
from repdrift.study.study import Study
from repdrift.study.tasks import Part

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


def network_in_words(choices: Iterable[Choice]) -> str:
    """Return the names of the networks of a figure with their arguments, for its footer."""
    arguments: dict[str, list[str]] = {}
    for choice in choices:
        arguments.setdefault(short_name(choice.network), []).append(arguments_in_words(choice.network))
    words = {name: " or ".join(dict.fromkeys(filter(None, found))) for name, found in arguments.items()}
    return "; ".join(", ".join(filter(None, pair)) for pair in words.items())


def network_sentence(choices: Sequence[Choice]) -> str:
    """Return a sentence that names the networks of a figure."""
    return f"The network is {network_in_words(choices)}."


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


def _statistics(config: Config) -> str:
    if config.probe.bn == "batch":
        return "batch normalisation by the statistics of each batch of 32"
    return "batch normalisation by statistics that are re-estimated on training images"


def _trained(study: Study) -> str:
    source, epochs = study.config.source, study.config.pretrain.epochs
    images = study.images_title(source.dataset, Part.parse(source.train))
    return f"Networks are trained on {images}, for {count(epochs, 'epoch')}."


def _fine_tuned(study: Study) -> str:
    finetune = study.config.finetune
    images = " and ".join(
        study.images_title(target.dataset, Part.parse(target.train))
        for target in (finetune.domain, finetune.cross_domain)
    )
    return f"Networks are fine-tuned on {images}, for {count(finetune.epochs, 'epoch')}."
