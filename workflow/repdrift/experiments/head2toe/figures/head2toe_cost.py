"""The accuracy of methods against their costs: the operations of the final fit, and the bytes that a target adds."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.head2toe.figures.head2toe_methods import in_order, look, name
from repdrift.experiments.head2toe.figures.over_datasets import over_datasets
from repdrift.experiments.head2toe.tables import BYTES, FINE_TUNING, FLOPS, OURS, PAPER, TEST_ACCURACY
from repdrift.figures import style, venue
from repdrift.figures.points import point_handles, seeds_in_words
from repdrift.figures.scatter import Mean, draw_mean, means_by
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined

COLUMNS = ("images", "dataset", "seed", "method", "measure", "item", "value")
MEASURES = {FLOPS: "floating-point operations of the final fit", BYTES: "bytes that a target adds"}
COLUMNS_OF_LEGEND = 4
ROOM = 0.5  # inches that the long labels of the axes need
FOLD = 100  # the paper says that a probe costs a hundredth of fine-tuning


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a point for each method at the costs that the paper counts, and a line to those that are counted here."""
    methods = in_order(table["method"])
    accuracy = means_by(over_datasets(table[table["measure"] == TEST_ACCURACY], "method"), "method")
    shown, width = look(methods), venue.double()
    footer = [
        seeds_in_words(table, faint=False),
        "means over data sets; costs are those of the final fit, without the search before it",
        "point: cost as the paper counts; thin line: to the cost as computed and stored here",
        f"dashed: 1/{FOLD} of fine-tuning's cost",
        network,
    ]
    columns = 2 if venue.is_narrow() else COLUMNS_OF_LEGEND
    lines = -(-len(methods) // columns)
    strip = Strip(lines, style.wrap(joined(footer), width - 0.1, style.TINY))
    figure = style.make_figure(width, venue.folds(len(MEASURES), ROOM) * 2.4, strip)
    grid = venue.panels(figure, 1, len(MEASURES), sharey=True, beside=ROOM)[0]
    for number, (axes, (measure, label)) in enumerate(zip(grid, MEASURES.items(), strict=True)):
        draw_costs(axes, table[table["measure"] == measure], methods, accuracy, shown)
        axes.set(xscale="log", xlabel=label, title=style.letter(number))
    grid[0].set_ylabel("test accuracy (%)")
    handles = point_handles(shown, width / columns)
    style.legend(grid[0], handles, columns, strip.legend_top)
    return figure


def draw_costs(axes: Axes, table: pd.DataFrame, methods: list[str], accuracy: dict[str, Mean], shown: Look) -> None:
    """Draw the methods at one measure of cost."""
    paper, ours = (
        means_by(over_datasets(table[table["item"] == count], "method"), "method") for count in (PAPER, OURS)
    )
    for method in methods:
        mean, colour = accuracy[method], shown.colours[name(method)]
        ends = [paper[method].mean, ours[method].mean]
        axes.plot(ends, [mean.mean] * 2, color=colour, linewidth=0.7)
        axes.plot(ends[1], mean.mean, color=colour, marker="|", markersize=4)
        draw_mean(axes, ends[0], mean, colour=colour, marker=shown.markers[name(method)], size=5)
    if FINE_TUNING in paper:
        axes.axvline(paper[FINE_TUNING].mean / FOLD, color="0.6", linewidth=0.7, linestyle=(0, (3, 2)), zorder=0)
