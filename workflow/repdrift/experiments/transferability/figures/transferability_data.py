"""T against the number of training images, at equal epochs and at equal steps, and against the number of classes."""

from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.transferability.figures.transferability import (
    PRETRAINED,
    draw_t,
    in_group,
    infinite_in_words,
    look_of_layers,
)
from repdrift.experiments.transferability.tables import OVERALL, TUNED, T
from repdrift.figures.grid import Grid, name_ticks, seeds
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", "network", "groups", "size", "classes", "reference", "measure", "item", "value")
# For the group of each sweep: the column that varies, the label of its axis, and the label of T.
SWEEPS = {
    "epochs": ("size", "training images", "T, equal epochs"),
    "steps": ("size", "training images", "T, equal steps"),
    "classes": ("classes", "classes", "T, equal images\nand steps"),
}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target with a row for each sweep and a line for each layer."""
    table = table[(table["measure"] == T) & (table["reference"] == PRETRAINED) & (table["network"] == TUNED)]
    table = table[table["item"].str.startswith("conv") | (table["item"] == OVERALL)]
    swept = {name: table[in_group(table["groups"], name)] for name in SWEEPS}
    targets, items = ordered(swept["epochs"]["images"]), ordered(table["item"])
    grid = Grid.of(targets, len(SWEEPS), items, [seeds(table), infinite_in_words(table), network], height=1.5)
    grid = replace(grid, look=look_of_layers(items))
    for row, (name, (x, x_label, y_label)) in enumerate(SWEEPS.items()):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = swept[name][swept[name]["images"] == target]
            order = sorted(int(value) for value in shown[x].unique())
            draw_t(axes, shown, x=x, order=order, look=grid.look, hue="item")
            name_ticks(axes, {value: f"{value:,}" for value in order}, order)
            axes.set_xlabel(x_label)
        grid.axes[row][0].set_ylabel(y_label)
    grid.legend()
    return grid.figure
