"""The drawing of T that several figures share: a logarithmic axis around 1, and marks for infinite values."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from repdrift.experiments.transferability.tables import OVERALL
from repdrift.figures import style
from repdrift.figures.points import draw_points
from repdrift.figures.style import Look

PRETRAINED = "pretrained"
TICKS = (1.0, 1.5, 2.0, 3.0, 5.0)  # T often spans no more than a factor of two


def in_group(groups: "pd.Series[str]", name: str) -> "pd.Series[bool]":
    """Return whether each training belongs to a group."""
    return groups.str.split().map(lambda names: name in names).astype(bool)


def draw_t(axes: Axes, shown: pd.DataFrame, *, x: str, order: Sequence[str], look: Look, hue: str) -> None:
    """Draw means of T over seeds with their intervals. An infinite value is the sign ∞ at the top."""
    axes.axhline(1, color="0.8", linewidth=0.6, zorder=0)
    draw_points(axes, shown, x=x, order=order, look=look, hue=hue)
    places = {place: number for number, place in enumerate(order)}
    mark_infinite(axes, shown.assign(place=shown[x].map(places)), "place", hue, look)
    set_log_axis(axes, "y", TICKS)


def mark_infinite(axes: Axes, shown: pd.DataFrame, x: str, hue: str, look: Look) -> None:
    """Write the sign ∞ at the top where a value is infinite."""
    infinite = shown[np.isinf(shown["value"])]
    for place, label in infinite[[x, hue]].drop_duplicates().itertuples(index=False):
        above = axes.get_xaxis_transform()
        axes.text(place, 0.98, "∞", color=look.colours[label], transform=above, ha="center", va="top")


def set_log_axis(axes: Axes, axis: str, ticks: Sequence[float] = (1.0, 2.0, 5.0)) -> None:
    """Make an axis (``x`` or ``y``) logarithmic, with plain numbers at `ticks` in every decade."""
    axes.set(**{f"{axis}scale": "log"})
    chosen = axes.xaxis if axis == "x" else axes.yaxis
    chosen.set_major_locator(LogLocator(subs=ticks))
    chosen.set_major_formatter(lambda value, _: f"{value:,g}")
    chosen.set_minor_formatter(NullFormatter())


def infinite_in_words(table: pd.DataFrame) -> str:
    """Return the part of the footer that tells how many values are infinite."""
    count = int(np.isinf(table["value"]).sum())
    return f"∞: {count} infinite values, of layers that training did not change" if count else ""


def look_of_layers(layers: Sequence[str]) -> Look:
    """Colour the layers from light to dark, and ``overall`` in black."""
    hidden = [layer for layer in layers if layer != OVERALL]
    look = Look.of_layers(layers)
    return Look({**style.sequential(hidden, "crest"), OVERALL: (0.0, 0.0, 0.0)}, look.markers)
