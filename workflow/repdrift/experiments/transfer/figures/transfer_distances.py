"""Pairs of networks that were trained on a target: the distances between their weights in three measures."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import ALL_BLOCKS, HEAD, L2, RELATIVE, RMS, SIMILARITY, WHOLE
from repdrift.figures import style, venue
from repdrift.figures.grid import Grid
from repdrift.figures.points import draw_points, point_handles, seeds_in_words
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", *SIMILARITY.columns[1:], "value")
SHOWN = (
    "P-T & P-T", "P-T & P", "RI-T & RI-T", "RI-T & P", "RI-T & RI", "RI-T & RI-T, same start", "RI-T & P, start of P",
)  # fmt: skip
LABELS = {L2: "l2 distance", RMS: "root mean\nsquare per weight", RELATIVE: "l2 distance by\ninitial norm"}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target, with a row for each measure. A line separates all blocks from single ones."""
    table = table[table["pair"].isin(SHOWN) & table["measure"].isin(list(LABELS))]
    table = table.assign(value=np.exp(table["value"]))
    targets = ordered(table["images"])
    items = [item for item in ordered(table["item"]) if item not in (HEAD, ALL_BLOCKS, WHOLE)]
    order = [*items, ALL_BLOCKS]
    pairs = [pair for pair in SHOWN if pair in set(table["pair"])]
    footer = [seeds_in_words(table), f"{ALL_BLOCKS}: without the head", network]
    grid = Grid.of(targets, len(LABELS), pairs, footer, height=1.4)
    for row, (measure, label) in enumerate(LABELS.items()):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = table[(table["images"] == target) & (table["measure"] == measure)]
            draw_points(axes, shown, x="item", order=order, hue="pair", look=grid.look)
            axes.set_xticks(range(len(order)), [*(item.removeprefix("block") for item in items), "all"])
            axes.set_yscale("log")
            axes.axvline(len(items) - 0.5, color="0.8", linewidth=0.6)
        grid.axes[row][0].set_ylabel(label, fontsize=style.SMALL)
    for axes in grid.axes[-1]:
        axes.set_xlabel("block")
    handles = point_handles(grid.look, venue.double() - 0.6)
    style.legend(grid.axes[-1][0], handles, grid.columns, grid.strip.legend_top)
    return grid.figure
