"""T against the number of training images, at equal epochs and at equal steps, and against the number of classes."""

from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from repdrift.experiments.transferability.figures.transferability import (
    PRETRAINED,
    in_group,
    infinite_in_words,
    look_of_layers,
    mark_infinite,
    set_log_axis,
)
from repdrift.experiments.transferability.tables import EPOCHS, OVERALL, STEPS, TUNED, T
from repdrift.figures.grid import Grid
from repdrift.figures.points import draw_points, seeds_in_words
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", "network", "groups", "size", "classes", "reference", "measure", "item", "value")
# For the group of each sweep: the column that varies, the label of its axis, and the label of T.
SWEEPS = {
    EPOCHS: ("size", "training images", "T, equal epochs"),
    STEPS: ("size", "training images", "T, equal steps"),
    "classes": ("classes", "classes", "T, equal images\nand steps"),
}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target with a row for each sweep and a line for each layer. All axes are logarithmic."""
    table = table[(table["measure"] == T) & (table["reference"] == PRETRAINED) & (table["network"] == TUNED)]
    table = table[table["item"].str.startswith("conv") | (table["item"] == OVERALL)]
    swept = {name: table[in_group(table["groups"], name)] for name in SWEEPS}
    targets, items = ordered(swept[EPOCHS]["images"]), ordered(table["item"])
    footer = [seeds_in_words(table), infinite_in_words(table), network]
    grid = Grid.of(targets, len(SWEEPS), items, footer, height=1.5)
    grid = replace(grid, look=look_of_layers(items))
    for row, (name, (x, x_label, y_label)) in enumerate(SWEEPS.items()):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = swept[name][swept[name]["images"] == target]
            places = sorted(int(value) for value in shown[x].unique())
            axes.axhline(1, color="0.8", linewidth=0.6, zorder=0)
            draw_points(axes, shown, x=x, hue="item", look=grid.look, joined=True, log=True)
            mark_infinite(axes, shown, x, "item", grid.look)
            axes.set(xscale="log", xlabel=x_label)
            axes.set_xticks(places, [f"{place:,}" for place in places])
            axes.xaxis.set_minor_locator(NullLocator())
            set_log_axis(axes, "y")
        grid.axes[row][0].set_ylabel(y_label)
    grid.legend()
    return grid.figure
