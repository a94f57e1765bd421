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
from scipy import stats

from repdrift.figures import style
from repdrift.figures.style import Look

CONFIDENCE = 0.95
WIDTH = 0.72  # the part of a category's place that its series take
FAINT: dict[str, Any] = {"linestyle": "", "marker": ".", "markersize": 2.6, "markeredgewidth": 0, "alpha": 0.4}


def t_intervals(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the mean of ``value`` over seeds, and its 95 % t interval, in each group.

    Parameters
    ----------
    values : DataFrame
        A row for each seed and group. Rows without a finite value are left out.
    by : sequence of str
        The columns that identify a group.

    Returns
    -------
    DataFrame
        Indexed by the groups, with the columns ``mean``, ``low`` and ``high``. The limits are NaN for a single seed.
    """
    finite = values[np.isfinite(values["value"])]
    grouped = finite.groupby(list(by), sort=False)["value"]
    counts, mean = grouped.count(), grouped.mean()
    width = grouped.sem() * stats.t.ppf((1 + CONFIDENCE) / 2, counts - 1)
    return pd.DataFrame({"mean": mean, "low": mean - width, "high": mean + width})


def draw_points(
    axes: Axes,
    shown: pd.DataFrame,
    *,
    x: str,
    hue: str,
    look: Look,
    order: Sequence[str] | Sequence[int] | None = None,
    joined: bool = False,
) -> None:
    """Draw the seeds, their means and the intervals of the column ``value``.

    Parameters
    ----------
    axes : Axes
    shown : DataFrame
        The rows to draw, with a column ``value`` and a row for each seed.
    x : str
        The column of the horizontal axis.
    hue : str
        The column of the series.
    look : Look
        The colours and markers of the series.
    order : sequence, optional
        The values of the column `x` from left to right, if they are categories. None is for numbers.
    joined : bool
        Whether the means of a series are joined by lines. Otherwise the series are drawn side by side.
    """
    labels = [label for label in look.colours if (shown[hue] == label).any()]
    places: Mapping[object, float] | None = None if order is None else {name: at for at, name in enumerate(order)}
    step = 0.0 if joined else WIDTH / max(len(labels), 1)
    for rank, label in enumerate(labels):
        rows = shown[(shown[hue] == label) & np.isfinite(shown["value"])]
        rows = rows if places is None else rows[rows[x].isin(list(places))]
        if rows.empty:
            continue
        at = rows[x].astype(float) if places is None else rows[x].map(places).astype(float)
        _draw_series(axes, rows.assign(place=at + step * (rank - (len(labels) - 1) / 2)), look, label, joined)
    if order is not None:
        axes.set_xticks(range(len(order)), list(map(str, order)))
        axes.set_xlim(-0.5, len(order) - 0.5)
    axes.set(xlabel="", ylabel="")


def _draw_series(axes: Axes, rows: pd.DataFrame, look: Look, label: str, joined: bool) -> None:
    found = t_intervals(rows, ["place"]).sort_index()
    colour = look.colours[label]
    axes.plot(rows["place"], rows["value"], color=colour, zorder=2, **FAINT)
    bars = found.dropna()
    axes.vlines(bars.index, bars["low"], bars["high"], color=colour, linewidth=0.9, zorder=3)
    axes.plot(
        found.index,
        found["mean"],
        color=colour,
        marker=look.markers[label],
        linestyle="-" if joined else "",
        zorder=4,
        **style.MARKER_EDGE,
    )


def draw_chance(axes: Axes, accuracy: float) -> None:
    """Draw a line at the accuracy in percent of a guess."""
    axes.axhline(accuracy, color="0.6", linestyle=(0, (3, 2)), linewidth=0.8, zorder=1)


def point_handles(look: Look, inches: float) -> list[Artist]:
    """Return the entries of a legend of series that no lines join, see `Look.handles`."""
    handles = look.handles(inches)
    for handle in handles:
        handle.set(linestyle="")
    return handles


def seeds_in_words(table: pd.DataFrame) -> str:
    """Return the part of the footer that tells the number of seeds and what is drawn of them."""
    count = table["seed"].nunique()
    return "1 seed, no interval" if count == 1 else f"{count} seeds (faint points), mean and 95 % t interval"
