"""Registries: dictionaries of what a config asks for by name, such as the estimators of similarity.

The fingerprint of a job's code has the entries of a registry that the job asks for, and no others. So whoever adds an
entry, or edits one that a study does not use, makes nothing run again. The entries are written out at the top level of
a module, and a text ``"package.module:name"`` in an entry counts as what is found there.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeVar

Value = TypeVar("Value")
Registry = Mapping[str, Value]


def imported(place: str) -> Any:  # noqa: ANN401
    """Import what is at a place: ``"package.module:name"``."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
