"""The accuracy and the speed of learning at several learning rates, from pre-trained and from random weights."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import RATES, SPEED, TEST_ACCURACY, TUNED_ACCURACY, TUNED_SPEED
from repdrift.figures.grid import Grid
from repdrift.figures.points import draw_chance, draw_points, seeds_in_words
from repdrift.figures.style import Look
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", *RATES.columns[1:], "value", "chance")
ROWS = {TEST_ACCURACY: TUNED_ACCURACY, SPEED: TUNED_SPEED}
LABELS = {TEST_ACCURACY: "final test accuracy (%)", SPEED: "training accuracy (%),\nmean of first epochs"}
TUNED = "tuned"


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target and each shuffle of it: the final accuracy, and below it the speed of learning.

    The value at the chosen learning rate stands at the right.
    """
    panels, labels = ordered(table["images"]), ordered(table["network"])
    footer = [seeds_in_words(table), "tuned: chosen on one half of the test images, measured on the other", network]
    grid = Grid.of(panels, 2, labels, footer)
    for row, measure in enumerate(ROWS):
        for axes, panel in zip(grid.axes[row], panels, strict=True):
            draw_rates(axes, table[table["images"] == panel], measure, grid.look)
        grid.axes[row][0].set_ylabel(LABELS[measure])
    for axes in grid.axes[-1]:
        axes.set_xlabel("learning rate")
    grid.legend()
    return grid.figure


def draw_rates(axes: Axes, shown: pd.DataFrame, measure: str, look: Look) -> None:
    """Draw a measure against the learning rate, and at the right the measure at the chosen one."""
    rates = sorted(shown["rate"].dropna().unique())
    order = [*(f"{rate:g}" for rate in rates), TUNED]
    swept = shown[shown["measure"] == measure]
    swept = swept.assign(at=[f"{rate:g}" for rate in swept["rate"]])
    chosen = shown[shown["measure"] == ROWS[measure]].assign(at=TUNED)
    for rows, joined in ((swept, True), (chosen, False)):
        draw_points(axes, rows, x="at", order=order, hue="network", look=look, joined=joined)
    axes.tick_params(axis="x", rotation=60)
    axes.set_ylim(0, 102)
    draw_chance(axes, float(shown["chance"].iloc[0]))
