"""The cells and the legend that the figures of claims share, and the colours of the verdicts."""

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

LEFT = 0.06  # width of the empty margin at the left edge in inches

Colour = tuple[float, float, float, float]

# Colour-blind readers can tell blue and orange apart, and both are dark enough for white letters.
COLOURS = {SUPPORTED: "#2b6ca8", INCONCLUSIVE: "#d4d4d4", CONTRADICTED: "#c4510c"}
LETTERS = {SUPPORTED: "white", INCONCLUSIVE: "0.25", CONTRADICTED: "white"}
BALANCE = LinearSegmentedColormap.from_list("verdicts", [COLOURS[name] for name in reversed(VERDICTS)], N=257)


def handles() -> list[Artist]:
    return [Patch(color=COLOURS[verdict], label=verdict) for verdict in VERDICTS]


def canvas(figure: Figure, height: float, top: float) -> Axes:
    """Add axes that cover the figure above its strip, right of its left margin.

    Their coordinates are inches from the upper left corner of the figure, with y pointing down.
    """
    width, whole = figure.get_size_inches()
    axes = figure.add_axes((LEFT / width, 1 - (top + height) / whole, 1 - LEFT / width, (top + height) / whole))
    axes.set(xlim=(LEFT, width), ylim=(top + height, 0))
    axes.axis("off")
    figure.set_layout_engine("none")  # the axes have a fixed place
    return axes


def cell(axes: Axes, place: tuple[float, float], width: float, height: float, colour: str | Colour) -> None:
    """Draw a cell with a thin gap around it. `place` is its upper left corner; all lengths are in inches."""
    gap, (left, top) = 0.008, place
    box = Rectangle((left + gap, top + gap), width - 2 * gap, height - 2 * gap, facecolor=colour, linewidth=0)
    axes.add_patch(box)


def estimator_label(name: str) -> str:
    """Return the label of an estimator, which may be one above its null."""
    plain = name.removesuffix(ADJUSTED)
    return style.estimator_label(plain) + (ADJUSTED if plain != name else "")


def number(value: float) -> str:
    """Write a number with its sign and at most three digits, such as ``+.024``, ``-1.05`` and ``+45``.

    The minus is the true minus sign, U+2212.
    """
    if math.isnan(value):
        return "NaN"
    size = abs(value)
    text = f"{size:.3f}".removeprefix("0") if size < 1 else f"{size:.2f}" if size < 10 else f"{size:.0f}"
    return ("\u2212" if value < 0 else "+") + text


def layers(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Return the layers in the order of the network: the order in the group of rows that has the most layers."""
    found = [ordered(rows["layer"]) for _, rows in table[table["layer"] != ""].groupby(list(by), sort=False)]
    return max(found, key=len, default=[])


def legend(figure: Figure, axes: Axes, top: float) -> None:
    style.legend(axes, handles(), len(VERDICTS), top)
