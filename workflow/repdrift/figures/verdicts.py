"""What the figures of verdicts share: their canvas, the colours of the verdicts, and how they write numbers."""

import math
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from repdrift.claims.contrasts import CALIBRATED
from repdrift.claims.rule import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED, VERDICTS
from repdrift.figures import style
from repdrift.figures.colours import Colour
from repdrift.figures.style import mixed

LEFT = 0.06  # width of the empty margin at the left edge in inches
PALEST = 0.3  # strength of the colour of an effect of one margin
FULL = 30.0  # the effect in margins whose colour has its full strength

# Colour-blind readers can tell these apart. Blue and orange are dark enough for white letters.
COLOURS = {SUPPORTED: "#2b6ca8", NEGLIGIBLE: "#e3bb45", UNDECIDED: "#c4c4c4", CONTRADICTED: "#c4510c"}
LETTERS = {SUPPORTED: "white", NEGLIGIBLE: "0.15", UNDECIDED: "0.15", CONTRADICTED: "white"}
INK = {SUPPORTED: "#1f5587", NEGLIGIBLE: "#7d6108", UNDECIDED: "0.4", CONTRADICTED: "#a3420a"}  # of words and lines


def handles() -> list[Artist]:
    return [Patch(color=COLOURS[verdict], label=verdict) for verdict in VERDICTS]


def shade(verdict: str, effect: float, margin: float, *, equal: bool = False) -> Colour:
    """Return the colour of an effect: that of its verdict, and the paler the smaller the effect is in margins.

    The colour has its full strength if the verdict is not about a sign, and if the margin is 0.
    """
    signed = verdict == CONTRADICTED or (verdict == SUPPORTED and not equal)
    if not signed or margin <= 0 or math.isnan(effect):
        return mixed(COLOURS[verdict], "white", 0.0)
    size = math.log(max(1.0, abs(effect) / margin)) / math.log(FULL)
    return mixed(COLOURS[verdict], "white", (1 - PALEST) * (1 - min(1.0, size)))


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


def cell(
    axes: Axes,
    place: tuple[float, float],
    width: float,
    height: float,
    colour: str | tuple[float, ...],
    *,
    hatch: str = "",
    zorder: float = 1.0,
) -> None:
    """Draw a cell, whose hatch is grey. `place` is its upper left corner; all lengths are in inches."""
    look: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": style.GREY, "linewidth": 0}
    axes.add_patch(Rectangle(place, width, height, zorder=zorder, **look))


def estimator_label(name: str) -> str:
    """Return the label of an estimator, whose values may be calibrated by their null."""
    plain = name.removesuffix(CALIBRATED)
    return style.estimator_label(plain) + (CALIBRATED if plain != name else "")
