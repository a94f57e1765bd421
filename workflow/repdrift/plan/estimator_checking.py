"""Refuse estimators of similarity that cannot measure what a study asks them to, before any job starts.

The Snakefile imports this module, so it needs nothing heavy.
"""

from repdrift.experiments.checks import check_own_estimators
from repdrift.similarity.registry import entry, needs_features
from repdrift.study.description import IN_MEMORY
from repdrift.study.refusal import refusal
from repdrift.study.runs import prefix_of
from repdrift.study.study import Study


def check_estimators(study: Study) -> None:
    """Check the estimators of a study and those of its other choices of measurement.

    The estimators of the study itself measure all layers. Other choices of measurement leave out what an estimator
    cannot take, and say so.

    Raises
    ------
    UserError
        At the first thing that is wrong.
    """
    config = study.config
    for section in ("similarity", "sensitivity"):
        check_own_estimators(f"{section}.estimators", getattr(config, section).estimators)
    for name in filter(needs_features, config.similarity.estimators):
        for variant in study.choices:
            _check_layers(study, prefix_of(variant), name)


def _check_layers(study: Study, network: str, name: str) -> None:
    """Check that an estimator that needs features can take all compared layers of a network."""
    reduce, images = study.config.probe.reduce, study.config.probe.images
    description, label = study.description_of(network), study.choice(network).label
    widths = description.widths(study.choice(network).network.layers, reduce)
    most = entry(name).units
    remedy = "set `probe: {reduce: mean}`, compare other layers (network.layers), or leave this estimator out"
    for layer, width in widths.items():
        if most is not None and width > most:
            sentence = f"layer {layer} of {label} has {width:,} units, and it takes up to {most:,}; {remedy}"
            raise refusal("similarity.estimators", name, sentence)
    size = 4 * images * sum(widths.values())
    if size > IN_MEMORY:
        sentence = f"it needs the features of all layers of {label}, and these take {size / 1e6:,.0f} MB of memory"
        raise refusal("similarity.estimators", name, f"{sentence}, more than {IN_MEMORY / 1e6:,.0f} MB; {remedy}")
