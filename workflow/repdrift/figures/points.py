"""Seeds as faint points, and their means with 95 % intervals by Student's t.

Series over categories that have no order are drawn side by side, without lines. Series over an axis that has an order
are drawn at the same places and joined by lines, so that slopes mean something.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from repdrift.claims.estimates import half_width
from repdrift.figures.style import Look, mixed

WIDTH, APART = 0.8, 0.24  # the part of a category's place that its series take, and their largest distance
BESIDE = 0.42  # distance of the points of the seeds from their mean, which would hide them, in distances of two series
FAINT: dict[str, Any] = {"linestyle": "", "marker": ".", "markersize": 2.6, "markeredgewidth": 0, "alpha": 0.4}
SHADE: dict[str, Any] = {"color": "0.965", "linewidth": 0, "zorder": 0}  # of every other category


def t_intervals(values: pd.DataFrame, by: Sequence[str], column: str = "value", *, log: bool = False) -> pd.DataFrame:
    """Return the mean over seeds of a column, and its 95 % interval by Student's t, in each group.

    Parameters
    ----------
    values : DataFrame
        A row for each seed and group. Rows without a finite value are left out.
    by : sequence of str
        The columns that identify a group.
    column : str
        The column of the values.
    log : bool
        Whether the mean and the interval are those of the logarithms, and then turned back. This is for logarithmic
        axes. Values that are not positive have no logarithm and are left out.

    Returns
    -------
    DataFrame
        Indexed by the groups, with the columns ``mean``, ``low`` and ``high``. The limits are NaN for a single seed.
    """
    known = values.loc[np.isfinite(values[column]), [*by, column]]
    if log:
        known = known[known[column] > 0]
        known = known.assign(**{column: np.log(known[column])})
    grouped = known.groupby(list(by), sort=False)[column]
    counts, mean = grouped.count(), grouped.mean()
    width = half_width(grouped.sem(), counts - 1)
    found = {"mean": mean, "low": mean - width, "high": mean + width}
    return pd.DataFrame({name: np.exp(numbers) for name, numbers in found.items()} if log else found)


def draw_points(
    axes: Axes,
    shown: pd.DataFrame,
    *,
    x: str,
    hue: str,
    look: Look,
    order: Sequence[str] | Sequence[int] | None = None,
    value: str = "value",
    joined: bool = False,
    log: bool = False,
    scale: float = 1.0,
) -> None:
    """Draw the seeds, their means and the intervals of a column.

    Parameters
    ----------
    axes : Axes
    shown : DataFrame
        The rows to draw, with a row for each seed.
    x : str
        The column of the horizontal axis.
    hue : str
        The column of the series.
    look : Look
        The colours and markers of the series.
    order : sequence, optional
        The values of the column `x` from left to right, if they are categories. None is for numbers.
    value : str
        The column of the vertical axis.
    joined : bool
        Whether the means of a series are joined by lines. Otherwise the series are drawn side by side.
    log : bool
        Whether the vertical axis is logarithmic, see `t_intervals`.
    scale : float
        Factor by which the usual sizes of lines and markers are multiplied.
    """
    labels = [label for label in look.colours if (shown[hue] == label).any()]
    places: Mapping[object, float] | None = None if order is None else {name: at for at, name in enumerate(order)}
    aside = [0.0] * len(labels) if joined else offsets(len(labels))
    for label, offset in zip(labels, aside, strict=True):
        rows = shown[(shown[hue] == label) & np.isfinite(shown[value])]
        rows = rows if places is None else rows[rows[x].isin(list(places))]
        if rows.empty:
            continue
        at = rows[x].astype(float) if places is None else rows[x].map(places).astype(float)
        seeds = at + offset + (0.0 if joined else BESIDE * step(len(labels)))
        colour = look.colours[label]
        axes.plot(seeds, rows[value], color=colour, zorder=2, **FAINT | {"markersize": 2.6 * scale})
        means = t_intervals(rows.assign(place=at + offset), ["place"], value, log=log).sort_index()
        if joined:
            axes.plot(means.index, means["mean"], color=colour, linewidth=0.9 * scale, zorder=3)
        point = look.point(label) | {"markeredgewidth": 0.7 * scale, "markersize": 3.6 * scale}
        axes.plot(means.index, means["mean"], zorder=4, **point)
        # A dark line over the marker, since the interval may be shorter than the marker is high.
        bars = means.dropna()
        axes.vlines(
            bars.index, bars["low"], bars["high"], color=mixed(colour, "black", 0.35), linewidth=scale, zorder=6
        )
    if log:
        axes.set_yscale("log")
    if order is not None:
        axes.set_xticks(range(len(order)), list(map(str, order)))
        axes.set_xlim(-0.5, len(order) - 0.5)
    axes.set(xlabel="", ylabel="")


def offsets(count: int) -> list[float]:
    """Return the places of series side by side, relative to the middle of their category."""
    return [step(count) * (index - (count - 1) / 2) for index in range(count)]


def step(count: int) -> float:
    """Return the distance of neighbouring series, in units of the distance of neighbouring categories."""
    return min(APART, WIDTH / max(count, 1))


def shade_every_other(axes: Axes, count: int) -> None:
    """Shade every other category, so that one sees which series belong together."""
    for place in range(1, count, 2):
        axes.axvspan(place - 0.5, place + 0.5, **SHADE)
    axes.tick_params(axis="x", length=0)


def draw_chance(axes: Axes, accuracy: float) -> None:
    """Draw a line at the accuracy in percent of a guess."""
    axes.axhline(accuracy, color="0.6", linestyle=(0, (3, 2)), linewidth=0.8, zorder=1)


def point_handles(look: Look, inches: float) -> list[Artist]:
    """Return the entries of a legend for series whose means are not joined by lines."""
    handles = look.handles(inches)
    for handle, label in zip(handles, look.colours, strict=True):
        handle.set(**look.point(label))
    return handles


def seeds_in_words(table: pd.DataFrame, *, faint: bool = True) -> str:
    """Return the part of the footer that tells the number of seeds and what is drawn of them.

    `faint` tells whether single seeds are drawn as faint points.
    """
    count = table["seed"].nunique()
    points = " (faint points)" if faint else ""
    return "1 seed, no interval" if count == 1 else f"{count} seeds{points}, mean and 95 % t interval"
