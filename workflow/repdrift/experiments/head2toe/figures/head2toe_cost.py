"""The accuracy of methods against their costs: the operations of the final fit, and the bytes that a target adds."""

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.head2toe.figures.head2toe_methods import in_order, look, name, points_only, summary
from repdrift.experiments.head2toe.tables import BYTES, FLOPS, OURS, PAPER, TEST_ACCURACY
from repdrift.figures import style
from repdrift.figures.grid import seeds
from repdrift.figures.style import Strip
from repdrift.figures.table import joined

COLUMNS = ("images", "seed", "method", "measure", "item", "value")
MEASURES = {FLOPS: "floating-point operations of the final fit", BYTES: "bytes that a target adds"}
COUNTS = {PAPER: "as the paper counts", OURS: "as computed and stored here"}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a point for each method at the means over targets and seeds. There is a row for each way of counting."""
    methods = in_order(table["method"])
    right = table[table["measure"] == TEST_ACCURACY]
    accuracy = summary(right.groupby(["method", "seed"])[["value"]].mean().reset_index(), "method")
    shown = look(methods)
    width = style.DOUBLE
    columns = 4
    footer = [
        seeds(table),
        "accuracy and cost: means over the targets; costs do not include the search before the final fit",
        network,
    ]
    strip = Strip(-(-len(methods) // columns), style.wrap(joined(footer), width - 0.1, style.TINY))
    figure = style.make_figure(width, 3.7, strip)
    grid = figure.subplots(2, 2, sharey=True, sharex="col")
    for row, (count, title) in enumerate(COUNTS.items()):
        for column, (measure, label) in enumerate(MEASURES.items()):
            axes = grid[row][column]
            costs = summary(table[(table["measure"] == measure) & (table["item"] == count)], "method")
            for method in methods:
                axes.errorbar(
                    costs[method][0],
                    accuracy[method][0],
                    yerr=accuracy[method][1],
                    fmt=shown.markers[name(method)],
                    color=shown.colours[name(method)],
                    elinewidth=0.8,
                    markersize=5,
                    **style.MARKER_EDGE,
                )
            axes.set_xscale("log")
            axes.set_title(f"{style.letter(2 * row + column)} {title}")
            if row:
                axes.set_xlabel(label)
        grid[row][0].set_ylabel("test accuracy (%)")
    style.legend(grid[1][0], points_only(shown.handles(width / columns)), columns, strip.legend_top)
    return figure
