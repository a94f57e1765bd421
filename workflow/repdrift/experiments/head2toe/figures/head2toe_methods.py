"""The methods in the order of the figures, with the kinds that give them their colours."""

from collections.abc import Iterable
from itertools import cycle

from repdrift.experiments.head2toe.method_names import NAMES
from repdrift.figures.colours import kinds
from repdrift.figures.style import MARKERS, Look

# The methods in the order of the figures, by kind. Each kind has a colour.
KINDS = {
    "probes on one layer or two": ("linear", "linear-intermediate", "linear-second"),
    "probes on all layers": ("all", "all-l1", "all-l2", "all-group-lasso", "random"),
    "Head2Toe": ("head2toe",),
    "the network is trained": ("head2toe-ft", "lp-ft", "fine-tuning", "scratch"),
}
COLOURS = dict(zip(KINDS, kinds(), strict=False))
KIND_OF = {method: kind for kind, methods in KINDS.items() for method in methods}


def in_order(methods: Iterable[str]) -> list[str]:
    """Return the methods without repetition in the order of the figures."""
    found = set(methods)
    return [method for method in KIND_OF if method in found]


def look(methods: Iterable[str]) -> Look:
    """Return the look of methods by name: the colour of their kind, and a marker for each."""
    found = list(methods)
    markers = dict(zip(map(name, found), cycle(MARKERS), strict=False))
    return Look({name(method): COLOURS[KIND_OF[method]] for method in found}, markers)


def name(method: str) -> str:
    """Return the name of a method in figures."""
    return NAMES[method][0].upper() + NAMES[method][1:]
