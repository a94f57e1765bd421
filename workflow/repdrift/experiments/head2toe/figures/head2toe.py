"""The test accuracy of probes and of trained networks on every target."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from repdrift.experiments.head2toe.figures.head2toe_methods import COLOURS, KIND_OF, in_order, name
from repdrift.experiments.head2toe.figures.over_datasets import over_datasets
from repdrift.experiments.head2toe.tables import HEAD2TOE, LINEAR, TEST_ACCURACY
from repdrift.figures import style, venue
from repdrift.figures.lines import lettered
from repdrift.figures.points import FAINT, point_handles, seeds_in_words
from repdrift.figures.scatter import draw_mean, means_by
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "dataset", "seed", "method", "measure", "value")
MEAN = "mean of data sets"
ROW = 0.155  # height of the row of a method in inches
BELOW = 0.3  # how far below the mean the seeds stand, in rows, so that the interval does not hide them


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target and one for the mean over data sets, and a row for each method."""
    table = table[table["measure"] == TEST_ACCURACY]
    methods, targets = in_order(table["method"]), ordered(table["images"])
    columns = [*targets, *([MEAN] if len(targets) > 1 else [])]
    width, labels = venue.double(), 0.15 + max(style.text_width(name(method), style.SMALL) for method in methods)
    side_by_side = venue.across(len(columns), labels)
    titles = [style.wrap(title, (width - labels) / side_by_side - 0.1, 8) for title in lettered(columns)]
    lines = max(title.count("\n") + 1 for title in titles)
    beside = style.legend_columns(list(COLOURS), width - labels - 0.1)
    footer = joined([seeds_in_words(table), "vertical lines: means of linear and Head2Toe", network])
    strip = Strip(math.ceil(len(COLOURS) / beside), style.wrap(footer, width - 0.1, style.TINY))
    height = venue.folds(len(columns), labels) * (ROW * len(methods) + 0.4 + 0.15 * lines)
    figure = style.make_figure(width, height, strip)
    grid = venue.panels(figure, 1, len(columns), sharey=True, beside=labels)[0]
    for axes, column, title in zip(grid, columns, titles, strict=True):
        shown = over_datasets(table, "method") if column == MEAN else table[table["images"] == column]
        draw_methods(axes, shown, methods)
        axes.set_title(title)
    grid[0].set_yticks(range(len(methods)), [name(method) for method in methods])
    grid[0].set_ylim(len(methods) - 0.5, -0.5)
    last = len(columns) - 1  # of folded panels, the last stands at the bottom
    grid[last if side_by_side < len(columns) else len(columns) // 2].set_xlabel("test accuracy (%)")
    handles = point_handles(Look(COLOURS, dict.fromkeys(COLOURS, "o")), width)
    style.legend(grid[0], handles, beside, strip.legend_top)
    return figure


def draw_methods(axes: Axes, shown: pd.DataFrame, methods: list[str]) -> None:
    """Draw means with their intervals, and single seeds."""
    means = means_by(shown, "method")
    for method in (LINEAR, HEAD2TOE):
        if method in means:
            axes.axvline(means[method].mean, color=COLOURS[KIND_OF[method]], linewidth=0.5, alpha=0.5, zorder=0)
    for row, method in enumerate(methods):
        values, colour = shown.loc[shown["method"] == method, "value"], COLOURS[KIND_OF[method]]
        if len(values):
            axes.plot(values, [row + BELOW] * len(values), color=colour, **FAINT)
            draw_mean(axes, means[method], row, colour=colour, marker="o")
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.tick_params(axis="y", length=0)
