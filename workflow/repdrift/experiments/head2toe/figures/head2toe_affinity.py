"""The gain of Head2Toe over the linear probe against the affinity of the target's domain."""

import math

import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from repdrift.experiments.head2toe.figures.head2toe_methods import points_only, summary
from repdrift.experiments.head2toe.tables import AFFINITY, GAIN, GAIN_CORRELATION
from repdrift.figures import style
from repdrift.figures.grid import seeds
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "target", "seed", "measure", "value")


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a point for each target, with standard errors in both directions."""
    points = table[table["measure"].isin([AFFINITY, GAIN])]
    targets = ordered(points["images"])
    across, up = (summary(points[points["measure"] == measure], "images") for measure in (AFFINITY, GAIN))
    look = Look.of(targets)
    width = style.SINGLE
    columns = style.legend_columns(targets, width - 0.6)
    strip = Strip(math.ceil(len(targets) / columns), style.wrap(joined([seeds(points), network]), width, style.TINY))
    figure = style.make_figure(width, 2.1, strip)
    axes = figure.subplots()
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    axes.axvline(0, color="0.8", linewidth=0.6, zorder=0)
    for target in targets:
        (x, x_error), (y, y_error) = across[target], up[target]
        axes.errorbar(
            x,
            y,
            xerr=x_error,
            yerr=y_error,
            fmt=look.markers[target],
            color=look.colours[target],
            elinewidth=0.8,
            **style.MARKER_EDGE,
        )
    axes.set(
        xlabel="domain affinity: linear \u2212 from scratch (points)", ylabel="gain: Head2Toe \u2212 linear (points)"
    )
    axes.set_title(in_words(table.loc[table["measure"] == GAIN_CORRELATION, "value"]))
    style.legend(axes, points_only(look.handles(width - 0.6)), columns, strip.legend_top)
    return figure


def in_words(correlations: "pd.Series[float]") -> str:
    """Write the mean and the standard error of rank correlations over the targets, given one for each seed."""
    known = correlations.dropna()
    if known.empty:
        return ""
    error = f" ± {float(stats.sem(known)):.2f}" if len(known) > 1 else ""
    return f"rank correlation {float(known.mean()):.2f}{error}".replace("-", "\u2212")
