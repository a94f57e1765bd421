"""The drawing of T that several figures share: a logarithmic axis around 1, and marks for infinite values."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import Locator, NullLocator

from repdrift.experiments.transferability.tables import OVERALL
from repdrift.figures.points import draw_points, shade_every_other
from repdrift.figures.style import Look

PRETRAINED = "pretrained"
# The digits of the ticks in every decade, from many ticks to few.
ROUND = (
    (1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9),
    (1, 1.2, 1.4, 1.6, 2, 2.5, 3, 4, 5, 6, 8),
    (1, 1.5, 2, 3, 5, 7),
    (1, 2, 5),
    (1, 3),
    (1,),
)
TINIEST = 1e-12  # an axis that is not logarithmic yet may begin at 0


def in_group(groups: "pd.Series[str]", name: str) -> "pd.Series[bool]":
    """Return whether each training belongs to a group."""
    return groups.str.split().map(lambda names: name in names).astype(bool)


def draw_t(axes: Axes, shown: pd.DataFrame, *, x: str, order: Sequence[str], look: Look, hue: str) -> None:
    """Draw means of ln T over seeds with their intervals. An infinite value is the sign ∞ at the top."""
    axes.axhline(1, color="0.8", linewidth=0.6, zorder=0)
    draw_points(axes, shown, x=x, order=order, look=look, hue=hue, log=True)
    shade_every_other(axes, len(order))
    places = {place: number for number, place in enumerate(order)}
    mark_infinite(axes, shown.assign(place=shown[x].map(places)), "place", hue, look)
    set_log_axis(axes, "y")


def mark_infinite(axes: Axes, shown: pd.DataFrame, x: str, hue: str, look: Look) -> None:
    """Write the sign ∞ at the top where a value is infinite."""
    infinite = shown[np.isinf(shown["value"])]
    for place, label in infinite[[x, hue]].drop_duplicates().itertuples(index=False):
        above = axes.get_xaxis_transform()
        axes.text(place, 0.98, "∞", color=look.colours[label], transform=above, ha="center", va="top")


class RoundNumbers(Locator):
    """Ticks of a logarithmic axis at round numbers: as many as there is room for.

    Parameters
    ----------
    most : int
        The largest number of ticks.
    """

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self) -> list[float]:
        assert self.axis is not None
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Return the ticks between two limits."""
        low, high = sorted((max(vmin, TINIEST), max(vmax, TINIEST)))
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks: list[float] = []
        for digits in ROUND:
            every = [float(f"{digit}e{decade}") for decade in decades for digit in digits]
            ticks = [tick for tick in every if low <= tick <= high]
            if len(ticks) <= self.most:
                break
        return ticks


def set_log_axis(axes: Axes, axis: str, most: int = 5) -> None:
    """Make an axis (``x`` or ``y``) logarithmic, with at most this number of ticks at round numbers."""
    axes.set(**{f"{axis}scale": "log"})
    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_major_locator(RoundNumbers(most))
    chosen.set_minor_locator(NullLocator())
    chosen.set_major_formatter(lambda value, _: f"{value:,g}")


def infinite_in_words(table: pd.DataFrame) -> str:
    """Return the part of the footer that tells how many values are infinite."""
    count = int(np.isinf(table["value"]).sum())
    return f"∞: {count} infinite values, of layers that training did not change" if count else ""


def look_of_layers(layers: Sequence[str]) -> Look:
    """Colour the layers from light to dark, and ``overall`` in black."""
    hidden = [layer for layer in layers if layer != OVERALL]
    look = Look.of_layers(layers)
    return Look({**Look.of_layers(hidden).colours, OVERALL: (0.0, 0.0, 0.0)}, look.markers)
