"""What the figures of Head2Toe share: methods in their order, and what kind each is of."""

from collections.abc import Iterable
from itertools import cycle

import pandas as pd
from matplotlib.artist import Artist

from repdrift.experiments.head2toe.method_names import NAMES
from repdrift.figures.style import MARKERS, Look, kinds
from repdrift.figures.table import standard_errors

# Methods in the order of the figures, by what they have in common: a colour each.
KINDS = {
    "probes on one layer or two": ("linear", "linear-intermediate", "linear-second"),
    "probes on all layers": ("all", "all-l1", "all-l2", "all-group-lasso", "random"),
    "Head2Toe": ("head2toe",),
    "the network is trained": ("head2toe-ft", "fine-tuning", "scratch"),
}
COLOURS = dict(zip(KINDS, kinds(len(KINDS)), strict=True))
KIND_OF = {method: kind for kind, methods in KINDS.items() for method in methods}


def in_order(methods: Iterable[str]) -> list[str]:
    """Methods that there are, in the order of the figures."""
    found = set(methods)
    return [method for method in KIND_OF if method in found]


def summary(rows: pd.DataFrame, by: str) -> dict[str, tuple[float, float]]:
    """Mean over the seeds and its standard error (0 for one seed), by the values of a column."""
    return {str(key): (mean, error) for key, mean, error in standard_errors(rows, [by]).itertuples()}


def look(methods: Iterable[str]) -> Look:
    """Colours of the kinds, and a marker for each method, by their names."""
    found = list(methods)
    markers = dict(zip(map(name, found), cycle(MARKERS), strict=False))
    return Look({name(method): COLOURS[KIND_OF[method]] for method in found}, markers)


def points_only(handles: list[Artist]) -> list[Artist]:
    """Entries of a legend without lines."""
    for handle in handles:
        handle.set(linestyle="")
    return handles


def name(method: str) -> str:
    """Name of a method, as figures show it."""
    return NAMES[method][0].upper() + NAMES[method][1:]
