"""The gain of Head2Toe and the layers that it prefers, against the affinity of the target's domain."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.head2toe.tables import (
    AFFINITY,
    EARLY_ENRICHMENT,
    ENRICHMENT_CORRELATION,
    GAIN,
    GAIN_CORRELATION,
    HIGH,
    LOW,
)
from repdrift.figures import style, venue
from repdrift.figures.points import FAINT, point_handles, seeds_in_words
from repdrift.figures.scatter import Mean, draw_mean, means_by
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "target", "seed", "measure", "value")
ROOM = 0.5  # inches that the long labels of the axes need
PANELS = (
    (GAIN, GAIN_CORRELATION, "gain: Head2Toe \u2212 linear (points)"),
    (EARLY_ENRICHMENT, ENRICHMENT_CORRELATION, "enrichment of early layers\n(ln ratio of rates)"),
)


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a point for each target in two panels, with intervals in both directions."""
    points = table[table["images"] != ""]
    targets = ordered(points["images"])
    look, width = Look.of(targets), venue.double()
    columns = style.legend_columns(targets, width - 0.6)
    footer = [
        seeds_in_words(points),
        "\u03c1: Spearman's rank correlation over the targets, mean over seeds, with the 95 % interval of a bootstrap "
        "of targets and seeds; for (a), affinity and gain are of other seeds and of other test images",
        network,
    ]
    strip = Strip(math.ceil(len(targets) / columns), style.wrap(joined(footer), width - 0.1, style.TINY))
    figure = style.make_figure(width, venue.folds(len(PANELS), ROOM) * 2.3, strip)
    grid = venue.panels(figure, 1, len(PANELS), beside=ROOM)[0]
    for number, (axes, (measure, correlation, label)) in enumerate(zip(grid, PANELS, strict=True)):
        draw_targets(axes, points, measure, look)
        axes.set(xlabel="domain affinity: linear \u2212 from scratch (points)", ylabel=label)
        axes.set_title(f"{style.letter(number)} {in_words(table, correlation, len(targets))}")
    style.legend(grid[0], point_handles(look, width - 0.6), columns, strip.legend_top)
    return figure


def draw_targets(axes: Axes, points: pd.DataFrame, measure: str, look: Look) -> None:
    """Draw the means over seeds of each target, and each seed."""
    wide = points.pivot_table(index=["images", "seed"], columns="measure", values="value").reset_index()
    across, up = (means_by(points[points["measure"] == name], "images") for name in (AFFINITY, measure))
    axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
    axes.axvline(0, color="0.8", linewidth=0.6, zorder=0)
    for target, colour in look.colours.items():
        seeds = wide[wide["images"] == target]
        axes.plot(seeds[AFFINITY], seeds[measure], color=colour, **FAINT)
        draw_mean(axes, across[target], up[target], colour=colour, marker=look.markers[target])


def in_words(table: pd.DataFrame, correlation: str, targets: int) -> str:
    """Write the mean of the rank correlations of the seeds, their interval, and the number of targets."""
    values = {name: table.loc[table["measure"] == correlation + name, "value"].dropna() for name in ("", LOW, HIGH)}
    if any(found.empty for found in values.values()):
        return ""
    mean, low, high = (f"{Mean.of(found).mean:z.2f}" for found in values.values())
    return f"\u03c1 = {mean} [{low}, {high}], {targets} targets".replace("-", "\u2212")
