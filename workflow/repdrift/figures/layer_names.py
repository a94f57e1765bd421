"""The names of layers in figures: short ones if a network has many layers, and as many as there is room for."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

import pandas as pd

COLUMNS = ("layer", "reference_layer", "item")  # columns of tables that have names of layers or parts
FEW, LONG = 8, 16  # names are left as they are if there are at most so many, of at most so many characters
SHORT = 9  # characters of a name that need not be a number
MANY = 12  # from more layers on, series are joined by lines instead of being drawn side by side
APART = 0.125  # least distance in inches of two names


def with_short_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose layers have short names, see `short_names`."""
    present = [column for column in COLUMNS if column in table.columns]
    layers = list(dict.fromkeys(name for column in present for name in table[column]))
    short = short_names(layers)
    return table.assign(**{column: table[column].map(short) for column in present})


def short_names(layers: Sequence[str]) -> dict[str, str]:
    """Return a short name for each layer. Different layers have different names.

    A short name is the last part of the path of a module. If that is long and ends with a number, it is the number
    alone: ``encoder.layers.encoder_layer_3`` becomes ``3``. Names that are short already stay as they are.
    """
    if len(layers) <= FEW and max(map(len, layers), default=0) <= LONG:
        return {layer: layer for layer in layers}
    found = {layer: layer for layer in layers}
    for shorten in (_last_part, _number):
        # Names that differ in their last number alone are shortened together: block.9 with block.10.
        long = {_stem(name) for name in found.values() if _is_long(name)}
        shorter = {layer: shorten(name) if _stem(name) in long else name for layer, name in found.items()}
        counts = Counter(shorter.values())
        found = {layer: name if counts[name] == 1 else found[layer] for layer, name in shorter.items()}
    return found


def _stem(name: str) -> str:
    return name.rstrip("0123456789")


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]


def _number(name: str) -> str:
    return name[len(_stem(name)) :] or name


def _is_long(name: str) -> bool:
    # Tables have titles of targets in these columns too, and titles have spaces.
    return len(name) > SHORT and " " not in name


def shown_places(count: int, inches: float) -> list[int]:
    """Return the places of the layers whose names are shown on an axis of this length, evenly spaced from the first."""
    step = max(1, ceil(count * APART / inches))
    return list(range(0, count, step))
