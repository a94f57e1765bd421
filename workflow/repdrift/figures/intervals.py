"""Means over seeds with 95 % t intervals, and each seed as a faint point."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from repdrift.claims.estimates import estimate
from repdrift.figures import style
from repdrift.figures.style import Look

Colour = tuple[float, float, float]

SEED: dict[str, Any] = {"linestyle": "", "marker": ".", "alpha": 0.35, "markersize": 2.8, "markeredgewidth": 0}
BAR = 0.8  # width of the line of an interval in points
SIDE_BY_SIDE = 0.7  # the share of the place of a category that its series fill
MOST_APART = 0.16  # distance of two series that stand side by side, if there is room


class Mean(NamedTuple):
    """A mean over seeds and the limits of its 95 % t interval. Without an interval, they are the mean."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: "pd.Series[float] | NDArray[np.float64]") -> "Mean":
        """Return the mean of the values of the seeds. One seed gives no interval, and NaN is left out."""
        known = np.asarray(values, dtype=np.float64)
        found = estimate(known[~np.isnan(known)])
        if np.isnan(found.low):
            return cls(found.effect, found.effect, found.effect)
        return cls(found.effect, found.low, found.high)

    @property
    def reach(self) -> list[list[float]]:
        """How far the interval reaches below and above the mean, as `Axes.errorbar` takes it."""
        return [[self.mean - self.low], [self.high - self.mean]]


def means_by(rows: pd.DataFrame, column: str) -> dict[Any, Mean]:
    """Return the means over seeds of the column ``value``, by the values of another column."""
    return {key: Mean.of(values) for key, values in rows.groupby(column, sort=False)["value"]}


def seeds_in_words(table: pd.DataFrame) -> str:
    """Return the part of the footer that tells the number of seeds and what is drawn of them."""
    count = table["seed"].nunique()
    return "1 seed, no interval" if count == 1 else f"{count} seeds (faint points), means with 95 % t intervals"


def draw_mean(
    axes: Axes,
    x: float | Mean,
    y: float | Mean,
    *,
    colour: Colour,
    marker: str,
    size: float = 3.6,
    filled: bool = True,
) -> None:
    """Draw a point with intervals in the directions in which it is a mean over seeds.

    Parameters
    ----------
    axes : Axes
    x, y : float or Mean
    colour : (float, float, float)
    marker : str
    size : float
        Size of the marker in points.
    filled : bool
        Whether the marker is filled.
    """
    edge = style.MARKER_EDGE if filled else {"markerfacecolor": "white", "markeredgewidth": 0.8}
    looks: dict[str, Any] = {"fmt": marker, "color": colour, "elinewidth": BAR, "markersize": size, **edge}
    across, up = (value if isinstance(value, Mean) else Mean(value, value, value) for value in (x, y))
    axes.errorbar(across.mean, up.mean, xerr=across.reach, yerr=up.reach, **looks)


def offsets(count: int) -> list[float]:
    """Return where series stand beside the middle of a category, which has a width of 1."""
    step = min(MOST_APART, SIDE_BY_SIDE / count)
    return [step * (place - (count - 1) / 2) for place in range(count)]


def draw_side_by_side(
    axes: Axes, shown: pd.DataFrame, *, x: str, order: Sequence[str] | Sequence[int], hue: str, look: Look
) -> None:
    """Draw the column ``value`` against a categorical column: the series of each category stand side by side.

    Parameters
    ----------
    axes : Axes
    shown : DataFrame
        The rows to draw.
    x : str
        The categorical column.
    order : sequence
        The values of the column `x` from left to right.
    hue : str
        The column of the series.
    look : Look
        The colours and markers of the series.
    """
    for (label, colour), beside in zip(look.colours.items(), offsets(len(look.colours)), strict=True):
        series = shown[(shown[hue] == label) & shown["value"].notna()]
        for value, mean in means_by(series, x).items():
            at, seeds = list(order).index(value) + beside, series.loc[series[x] == value, "value"]
            axes.plot([at] * len(seeds), seeds, color=colour, **SEED)
            draw_mean(axes, at, mean, colour=colour, marker=look.markers[label])
    axes.set_xticks(range(len(order)), [str(value) for value in order])
    axes.set_xlim(-0.5, len(order) - 0.5)


def draw_along(axes: Axes, shown: pd.DataFrame, *, x: str, hue: str, look: Look) -> None:
    """Draw the column ``value`` against a column of numbers: a line through the means of each series.

    The parameters are those of `draw_side_by_side`.
    """
    for label, colour in look.colours.items():
        series = shown[(shown[hue] == label) & shown["value"].notna()]
        means = means_by(series.sort_values(x), x)
        axes.plot(series[x], series["value"], color=colour, **SEED)
        axes.plot(list(means), [mean.mean for mean in means.values()], color=colour, linewidth=1.0)
        for place, mean in means.items():
            draw_mean(axes, place, mean, colour=colour, marker=look.markers[label])
