"""The axis of effects in units of their margins, and the intervals on it."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from repdrift.claims.contrasts import PAPER
from repdrift.claims.rule import CONFIDENCE
from repdrift.claims.scales import CONTAINED
from repdrift.figures import style
from repdrift.figures.forest_places import Places

TALLEST = 9.05  # height in inches of the text on a page
HEAD = 0.36  # height in inches of the axis above the rows
BAND, EQUAL = "0.91", "#dbe7f2"  # colours of the margin, and of that of a claim that numbers are equal
ZERO: dict[str, Any] = {"color": "0.45", "linewidth": 0.6}
GRID: dict[str, Any] = {"color": "0.85", "linewidth": 0.4}


@dataclass(frozen=True)
class Scale:
    """The horizontal axis: linear within the margin, and logarithmic beyond it, up to 10 to the power of `decades`."""

    decades: int
    places: Places

    @classmethod
    def of(cls, table: pd.DataFrame, places: Places) -> "Scale":
        """Return the scale for the effects of a table."""
        margins = [drawn_margin(*row) for row in zip(table["margin"], table["unit"], strict=True)]
        largest = float((table["effect"] / margins).abs().max())
        return cls(max(1, math.ceil(math.log10(largest) - 1e-9)) if largest > 1 else 1, places)

    def place(self, ratio: float) -> float:
        """Return the position in inches of an effect in margins. Beyond the axis, it is the end of the axis."""
        size = abs(ratio) if abs(ratio) <= 1 else 1 + math.log10(abs(ratio))
        share = math.copysign(min(size, 1 + self.decades) / (1 + self.decades), ratio)
        return self.places.plot + self.places.plot_width * (1 + share) / 2

    @property
    def ticks(self) -> list[float]:
        positive = [10.0**power for power in range(self.decades + 1)]
        return [*(-tick for tick in reversed(positive)), 0.0, *positive]

    def named(self, tick: float) -> bool:
        """Return whether a tick has a number. If there are many, every other power of ten has one."""
        power = round(math.log10(abs(tick))) if tick else 0
        return self.decades < 3 or abs(tick) <= 1 or (self.decades - power) % 2 == 0

    def reaches(self, ratio: float) -> bool:
        return bool(abs(ratio) <= 10.0**self.decades)


def drawn_margin(margin: float, unit: str) -> float:
    """Return the margin in which an effect is drawn.

    A claim that something is no worse has no margin beside its contrast, but within it (`repdrift.claims.scales`).
    """
    return margin or CONTAINED.get(unit, 1.0)


def attributed(sentence: str, origin: str) -> str:
    """Return the sentence of a claim, with who makes it if the paper does not."""
    return sentence if origin == PAPER else f"{sentence} [{origin}]"


def draw_head(axes: Axes, scale: Scale, bottom: float) -> None:
    """Draw the horizontal axis above the rows, with a thin line down from each tick."""
    small: dict[str, Any] = {"fontsize": style.TINY, "color": style.GREY, "va": "bottom"}
    for tick in scale.ticks:
        place = scale.place(tick)
        axes.plot([place, place], [HEAD, bottom], zorder=0.5, **(ZERO if tick == 0 else GRID))
        if scale.named(tick):
            axes.text(place, HEAD - 0.03, f"{tick:g}".replace("-", "\u2212"), ha="center", **small)
    left, width = scale.places.plot, scale.places.plot_width
    axes.text(left, HEAD - 0.14, "against the claim", ha="left", **small)
    axes.text(left + width, HEAD - 0.14, "for the claim", ha="right", **small)
    large: dict[str, Any] = {"fontsize": style.SMALL, "va": "top", "color": "0.2"}
    axes.text(left + width / 2, 0.03, "effect in margins", ha="center", **large)
    axes.text(scale.places.numbers, 0.03, f"effect [{CONFIDENCE:.0%} interval]", **large)


def draw_interval(axes: Axes, scale: Scale, limits: tuple[float, float], y: float, **look: Any) -> None:  # noqa: ANN401
    """Draw the interval of an effect as a line, with an arrow where it ends beyond the axis.

    Parameters
    ----------
    axes : Axes
    scale : Scale
    limits : tuple of float
        The ends of the interval in margins.
    y : float
        The position of the line in inches from the top.
    look : any
        Properties of the line, with its color and its zorder.
    """
    ends = [scale.place(limit) for limit in limits]
    axes.plot(ends, [y, y], solid_capstyle="butt", **look)
    arrow: dict[str, Any] = {"color": look["color"], "zorder": look["zorder"], "markersize": 2, "markeredgewidth": 0}
    for end, limit in zip(ends, limits, strict=True):
        if not scale.reaches(limit):
            axes.plot([end], [y], marker="<" if limit < 0 else ">", **arrow)
