"""What the figures of claims share: the colours of the verdicts, cells and their legend."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from repdrift.claims.measurements import ADJUSTED
from repdrift.claims.verdict import CONTRADICTED, INCONCLUSIVE, SUPPORTED, VERDICTS
from repdrift.figures import style
from repdrift.figures.table import ordered

LEFT = 0.06  # inches that stay free

Colour = tuple[float, float, float, float]

# Blue and orange are told apart by every eye, and dark enough for white letters.
COLOURS = {SUPPORTED: "#2b6ca8", INCONCLUSIVE: "#d4d4d4", CONTRADICTED: "#c4510c"}
LETTERS = {SUPPORTED: "white", INCONCLUSIVE: "0.25", CONTRADICTED: "white"}
BALANCE = LinearSegmentedColormap.from_list("verdicts", [COLOURS[name] for name in reversed(VERDICTS)])


def handles() -> list[Artist]:
    return [Patch(color=COLOURS[verdict], label=verdict) for verdict in VERDICTS]


def canvas(figure: Figure, height: float, top: float) -> Axes:
    """Axes over a whole figure but its strip and left edge, in inches from the upper left corner, y downwards."""
    width, whole = figure.get_size_inches()
    axes = figure.add_axes((LEFT / width, 1 - (top + height) / whole, 1 - LEFT / width, (top + height) / whole))
    axes.set(xlim=(LEFT, width), ylim=(top + height, 0))
    axes.axis("off")
    figure.set_layout_engine("none")  # there is nothing to be laid out
    return axes


def cell(axes: Axes, place: tuple[float, float], width: float, height: float, colour: str | Colour) -> None:
    """Draw a cell with a thin gap around it, from its left upper corner on."""
    gap, (left, top) = 0.008, place
    box = Rectangle((left + gap, top + gap), width - 2 * gap, height - 2 * gap, facecolor=colour, linewidth=0)
    axes.add_patch(box)


def estimator_label(name: str) -> str:
    """Name of an estimator, also of one above its null."""
    plain = name.removesuffix(ADJUSTED)
    return style.estimator_label(plain) + (ADJUSTED if plain != name else "")


def number(value: float) -> str:
    """A signed number as short as its cell: ``+.024``, ``-1.05``, ``+45``; a true minus sign."""
    if math.isnan(value):
        return "NaN"
    size = abs(value)
    text = f"{size:.3f}".removeprefix("0") if size < 1 else f"{size:.2f}" if size < 10 else f"{size:.0f}"
    return ("\u2212" if value < 0 else "+") + text


def layers(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Layers in the network's order: that of the group with the most of them."""
    found = [ordered(rows["layer"]) for _, rows in table[table["layer"] != ""].groupby(list(by), sort=False)]
    return max(found, key=len, default=[])


def legend(figure: Figure, axes: Axes, top: float) -> None:
    style.legend(axes, handles(), len(VERDICTS), top)
