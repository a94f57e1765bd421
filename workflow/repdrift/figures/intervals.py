"""Means over seeds with 95 % confidence intervals, and every seed as a faint point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from repdrift.claims.rule import CONFIDENCE
from repdrift.figures.style import Colour, Look, mixed

FAINT: dict[str, Any] = {"alpha": 0.35, "linewidth": 0, "clip_on": False}
BAR: dict[str, Any] = {"solid_capstyle": "butt"}
SHADE: dict[str, Any] = {"color": "0.965", "linewidth": 0, "zorder": 0}  # of every other category


def intervals(table: pd.DataFrame, by: Sequence[str], value: str = "value", *, log: bool = False) -> pd.DataFrame:
    """Return the mean of a column over the seeds of each group, with its 95 % interval by Student's t.

    Undefined values are left out.

    Parameters
    ----------
    table : DataFrame
    by : sequence of str
        The columns that name a group. Their order in the table is kept.
    value : str
        The column of the values.
    log : bool
        Whether the mean and the interval are those of the logarithms, and then turned back. This is for logarithmic
        axes. Values that are not positive have no logarithm and are left out.

    Returns
    -------
    DataFrame
        The columns ``mean``, ``low`` and ``high``. The limits are NaN for a group with one seed.
    """
    values = table[value].astype(float)
    if log:
        values = np.log(values.where(values > 0))
    grouped = values.groupby([table[name] for name in by], sort=False)
    counts = grouped.count()
    quantiles = stats.t.ppf((1 + CONFIDENCE) / 2, (counts - 1).where(counts > 1))
    widths = grouped.sem() * quantiles
    mean = grouped.mean()
    found = pd.DataFrame({"mean": mean, "low": mean - widths, "high": mean + widths})
    return np.exp(found) if log else found


def draw_points(
    axes: Axes,
    shown: pd.DataFrame,
    *,
    hue: str,
    look: Look,
    order: Sequence[str] | Sequence[int],
    x: str = "layer",
    value: str = "value",
    scale: float = 1.0,
    log: bool = False,
    joined: bool = False,
) -> None:
    """Draw the mean and the interval over seeds against a categorical column, and each seed as a faint point.

    The series stand side by side and are not joined by lines, since the slope of such a line would depend on the place
    of its series. Series that are joined stand at the same place.

    Parameters
    ----------
    axes : Axes
    shown : DataFrame
        The rows to draw.
    hue : str
        The column of the series.
    look : Look
        The colours and markers of the series.
    order : sequence
        The values of the column `x` from left to right.
    x : str
        The categorical column, by default the layer.
    value : str
        The column of the values.
    scale : float
        Factor by which the usual sizes of lines and markers are multiplied.
    log : bool
        Whether the axis of the values is logarithmic, see `intervals`.
    joined : bool
        Whether the means of a series are joined by a line.
    """
    if log:
        axes.set_yscale("log")
    found = intervals(shown, [hue, x], value, log=log).reset_index()
    names = list(order)
    side_by_side = [0.0] * len(look.colours) if joined else offsets(len(look.colours))
    for label, offset in zip(look.colours, side_by_side, strict=True):
        means = found[(found[hue] == label) & found[x].isin(names)]
        seeds = shown[(shown[hue] == label) & shown[x].isin(names)]
        if means.empty:
            continue
        colour = look.colours[label]
        apart = 0.0 if joined else beside(len(look.colours))
        axes.scatter(
            [names.index(name) + offset + apart for name in seeds[x]],
            seeds[value],
            s=(1.7 * scale) ** 2,
            color=[colour],
            zorder=2,
            **FAINT,
        )
        by_place = means.assign(place=[names.index(name) + offset for name in means[x]]).sort_values("place")
        if joined:
            axes.plot(by_place["place"], by_place["mean"], color=colour, linewidth=0.8 * scale, zorder=3)
        point = look.point(label) | {"markeredgewidth": 0.7 * scale, "markersize": 3.6 * scale}
        axes.plot(by_place["place"], by_place["mean"], zorder=4, label=label, **point)
        for place, low, high in by_place[["place", "low", "high"]].dropna().itertuples(index=False):
            # A dark line over the marker, since the interval may be shorter than the marker is high.
            axes.plot([place, place], [low, high], color=mixed(colour, "black", 0.35), zorder=6, linewidth=scale, **BAR)
    shade_every_other(axes, len(order))
    axes.set(xlabel="", ylabel="", xlim=(-0.5, len(order) - 0.5), xticks=range(len(order)))
    axes.set_xticklabels([str(name) for name in order])
    axes.tick_params(axis="x", length=0)


def offsets(count: int) -> list[float]:
    """Return the places of `count` series side by side, relative to the middle of their category."""
    return [step(count) * (index - (count - 1) / 2) for index in range(count)]


def step(count: int) -> float:
    """Return the distance between two neighbouring series, in units of the distance between categories."""
    return min(0.24, 0.8 / count)


def beside(count: int) -> float:
    """Return the distance of the points of the seeds from the mean of their series, so that it does not hide them."""
    return 0.42 * step(count)


def shade_every_other(axes: Axes, count: int) -> None:
    """Shade every other category, so that one sees which series belong together."""
    for place in range(1, count, 2):
        axes.axvspan(place - 0.5, place + 0.5, **SHADE)
