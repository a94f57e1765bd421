"""Accuracy on targets against the epoch of pre-training whose weights training began with."""

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.transfer.figures import outcomes
from repdrift.experiments.transfer.figures.outcomes import FINAL, SPEED
from repdrift.figures.grid import Grid, name_ticks, seeds
from repdrift.figures.lines import draw_lines
from repdrift.figures.table import ordered

COLUMNS = (*outcomes.COLUMNS, "start", "network")
SOURCE = "pre-training"


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target, final accuracy above speed; beside it that of pre-training at its epochs."""
    tuned = table[table["network"] != SOURCE]
    targets, starts = ordered(tuned["images"]), sorted(int(start) for start in tuned["start"].unique())
    found, epochs = outcomes.outcomes(tuned, ["images", "start", "network"])
    source = table[(table["network"] == SOURCE) & table["epoch"].isin(starts)].dropna(subset=["test_accuracy"])
    source = source.assign(start=source["epoch"], value=source["test_accuracy"])
    labels = [*ordered(tuned["network"]), SOURCE]
    words = [seeds(table), f"first {epochs} epochs", f"{SOURCE}: test accuracy on its own task", network]
    grid = Grid.of(targets, 2, labels, words)
    for row, measure in enumerate((FINAL, SPEED)):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = found[(found["images"] == target) & (found["measure"] == measure)]
            columns = ["start", "network", "value"]
            both = pd.concat([shown[columns], source[columns]]) if measure == FINAL else shown
            both = both.astype({"start": int})  # of a column with empty cells it is a float, and no place then
            draw_lines(axes, both, x="start", order=starts, look=grid.look, hue="network")
            name_ticks(axes, {}, starts)
            axes.set_ylim(0, 102)
        grid.axes[row][0].set_ylabel(measure)
    for axes in grid.axes[-1]:
        axes.set_xlabel("epochs of pre-training")
    grid.legend()
    return grid.figure
