"""Refuse estimators of similarity that cannot measure what a study asks them to, before any job starts.

The Snakefile imports this module, so it needs nothing heavy.
"""

import ast
from collections.abc import Sequence

from repdrift.errors import UserError
from repdrift.similarity.registry import entry, needs_features
from repdrift.study.description import IN_MEMORY
from repdrift.study.refusal import refusal
from repdrift.study.runs import prefix_of
from repdrift.study.study import Study
from repdrift.user_code import code_of, file_and_function, is_own


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
        check_own(f"{section}.estimators", getattr(config, section).estimators)
    for name in filter(needs_features, config.similarity.estimators):
        for variant in study.choices:
            _check_layers(study, prefix_of(variant), name)


def check_own(key: str, estimators: Sequence[str]) -> None:
    """Check the files of the estimators of a user's own in the list of a key.

    Raises
    ------
    UserError
        If there is no such file, it is no Python file, or it does not define the function at its top level.
    """
    for name in filter(is_own, estimators):
        path, function = file_and_function(name)
        try:
            code_of(path)
        except UserError as error:
            raise refusal(key, name, str(error)) from None
        known = _defined(path.read_bytes())
        if function not in known:
            names = ", ".join(one for one in known if not one.startswith("_")) or "none"
            raise refusal(key, name, f"the file has no function {function!r}; it has {names}")


def _defined(code: bytes) -> list[str]:
    """List the names that the statements at the top level of a Python file define or import."""
    found: list[str] = []
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.append(statement.name)
        elif isinstance(statement, ast.Assign):
            found += [target.id for target in statement.targets if isinstance(target, ast.Name)]
        elif isinstance(statement, ast.ImportFrom):
            found += [alias.asname or alias.name for alias in statement.names]
    return found


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
