"""The accuracy of the networks on the line between two networks that were trained on a target."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import BARRIER, INTERPOLATED, RE_ESTIMATED, TEST_ACCURACY
from repdrift.figures import style, venue
from repdrift.figures.grid import Grid
from repdrift.figures.points import t_intervals
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", *BARRIER.columns[1:], "value")
ROWS = {RE_ESTIMATED: "BN statistics re-estimated", INTERPOLATED: "BN statistics interpolated"}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target and a row for each kind of BN statistics, with a line for each pair of networks."""
    table = table[table["measure"] == TEST_ACCURACY]
    targets, pairs = ordered(table["images"]), ordered(table["pair"])
    count = table["seed"].nunique()
    drawn = "1 seed" if count == 1 else f"{count} seeds: thin lines, mean and 95 % t interval"
    footer = [drawn, "first and second network: in the order of the pair's name", network]
    grid = Grid.of(targets, len(ROWS), pairs, footer, height=1.6)
    for row, bn in enumerate(ROWS):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            for pair in pairs:
                chosen = (table["images"] == target) & (table["bn"] == bn) & (table["pair"] == pair)
                draw_line(axes, table[chosen], grid.look.colours[pair])
            axes.set(xlim=(0, 1), ylim=(0, 100))
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["first", "", "half-way", "", "second"])
            first, *_, second = axes.get_xticklabels()
            first.set_horizontalalignment("left")
            second.set_horizontalalignment("right")
        grid.axes[row][0].set_ylabel(f"test accuracy (%)\n{ROWS[bn]}", fontsize=style.SMALL)
    for axes in grid.axes[-1]:
        axes.set_xlabel("place between the networks")
    legend(grid)
    return grid.figure


def draw_line(axes: Axes, shown: pd.DataFrame, colour: tuple[float, float, float]) -> None:
    """Draw the accuracy of one pair of networks: a thin line for each seed, the mean and a band of its interval."""
    for _, rows in shown.groupby("seed"):
        axes.plot(rows["at"], rows["value"], color=colour, linewidth=0.4, alpha=0.4)
    found = t_intervals(shown, ["at"]).sort_index()
    axes.plot(found.index, found["mean"], color=colour)
    if np.isfinite(found["low"]).all():
        axes.fill_between(found.index, found["low"], found["high"], color=colour, alpha=0.15, linewidth=0)


def legend(grid: Grid) -> None:
    """Write the legend with entries that have no markers, as the lines have none."""
    handles = grid.look.handles(venue.double() - 0.6)
    for handle in handles:
        handle.set(marker="")
    style.legend(grid.axes[-1][0], handles, grid.columns, grid.strip.legend_top)
