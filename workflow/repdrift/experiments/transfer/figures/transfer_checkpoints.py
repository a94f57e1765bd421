"""The accuracy on targets against the epoch of pre-training that provides the first weights."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from repdrift.experiments.transfer.figures import outcomes
from repdrift.experiments.transfer.figures.outcomes import FINAL, SPEED
from repdrift.figures import style
from repdrift.figures.grid import Grid
from repdrift.figures.points import draw_chance, draw_points, seeds_in_words
from repdrift.figures.table import ordered

COLUMNS = (*outcomes.COLUMNS, "start", "network")
SOURCE = "pre-training"
ROWS = {FINAL: "test_accuracy", SPEED: "train_accuracy"}  # beside which column of the history of pre-training


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target: the final accuracy, and below it the speed of learning.

    The last column has the test and the training accuracy of pre-training on its own images, at all its epochs.
    """
    tuned, source = table[table["network"] != SOURCE], table[table["network"] == SOURCE]
    targets, starts = ordered(tuned["images"]), sorted(int(start) for start in tuned["start"].unique())
    found, epochs = outcomes.outcomes(tuned, ["images", "start", "network"])
    titles = [*targets, f"{SOURCE} itself: {ordered(source['images'])[0]}"]
    footer = [
        seeds_in_words(table),
        outcomes.lengths(tuned),
        f"training accuracy: mean of the first {epochs} epochs, of {SOURCE} that of the epoch",
        "dashed: chance",
        network,
    ]
    grid = Grid.of(titles, 2, [*ordered(tuned["network"]), SOURCE], footer)
    for row, (measure, column) in enumerate(ROWS.items()):
        for axes, target in zip(grid.axes[row], targets, strict=False):
            shown = found[(found["images"] == target) & (found["measure"] == measure)].astype({"start": float})
            draw_points(axes, shown, x="start", hue="network", look=grid.look, joined=True)
        own = source.assign(value=source[column]).dropna(subset=["value"])
        draw_points(grid.axes[row][-1], own, x="epoch", hue="network", look=grid.look, joined=True)
        for axes in grid.axes[row]:
            show_epochs(axes, starts)
            axes.set_ylim(0, 102)
            draw_chance(axes, float(table["chance"].iloc[0]))
        grid.axes[row][0].set_ylabel(measure)
    for axes in grid.axes[-1]:
        axes.set_xlabel("epochs of pre-training")
    grid.legend()
    return grid.figure


def show_epochs(axes: Axes, starts: list[int]) -> None:
    """Give axes a logarithmic scale of epochs that also has 0, with ticks at the checkpoints."""
    last = max(starts[-1], 1)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(-0.15, last * 1.25)
    axes.xaxis.set_major_locator(FixedLocator(starts))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(map(str, starts)), fontsize=style.TINY)
