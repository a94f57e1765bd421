"""The accuracy on targets with images shuffled in blocks, from pre-trained and from random weights."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.transfer.figures import outcomes
from repdrift.experiments.transfer.figures.outcomes import FINAL, SPEED
from repdrift.figures import style
from repdrift.figures.grid import Grid, name_ticks
from repdrift.figures.points import draw_chance, draw_points, seeds_in_words
from repdrift.figures.table import ordered

COLUMNS = (*outcomes.COLUMNS, "side", "network")
NAMES = {0: "*"}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target: the final accuracy with the relative drops above, and the speed of learning."""
    targets, networks = ordered(table["images"]), ordered(table["network"])
    found, epochs = outcomes.outcomes(table, ["images", "side", "network"])
    footer = [
        seeds_in_words(table),
        outcomes.lengths(table),
        f"training accuracy: mean of the first {epochs} epochs",
        "*: all values shuffled",
        "numbers: relative drop in %",
        "dashed: chance",
        network,
    ]
    grid = Grid.of(targets, 2, networks, footer)
    sides = sorted(int(side) for side in found["side"].unique())
    for row, measure in enumerate((FINAL, SPEED)):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = found[(found["images"] == target) & (found["measure"] == measure)]
            draw_points(axes, shown, x="side", order=sides, hue="network", look=grid.look, joined=True)
            draw_chance(axes, float(table["chance"].iloc[0]))
            name_ticks(axes, NAMES, sides)
            axes.set_ylim(0, 112 if measure == FINAL else 104)
            axes.set_yticks([0, 25, 50, 75, 100])
            if measure == FINAL:
                write_drops(axes, shown, sides)
        grid.axes[row][0].set_ylabel(measure)
    for axes in grid.axes[-1]:
        axes.set_xlabel("side of the blocks (pixels)")
    grid.legend()
    return grid.figure


def write_drops(axes: Axes, shown: pd.DataFrame, sides: list[int]) -> None:
    """Write the relative drop 100 (P-T - RI-T) / P-T of the mean accuracies above each side of the blocks.

    A dash stands where the mean accuracy of P-T is 0.
    """
    means = shown.groupby(["side", "network"])["value"].mean().unstack()
    if not {"P-T", "RI-T"} <= set(means):
        return
    drops = 100 * (means["P-T"] - means["RI-T"]) / means["P-T"]
    for place, side in enumerate(sides):
        text = f"{drops[side]:z.0f}".replace("-", "\u2212") if np.isfinite(drops[side]) else "\u2013"
        axes.text(place, 103, text, fontsize=style.TINY, color=style.GREY, ha="center", va="bottom")
