"""The accuracy on targets against the epoch of pre-training that provides the first weights."""

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
    """Draw a column for each target: the final accuracy, and below it the speed of learning.

    The test accuracy of pre-training at its own epochs is drawn beside the final accuracy.
    """
    tuned = table[table["network"] != SOURCE]
    targets, starts = ordered(tuned["images"]), sorted(int(start) for start in tuned["start"].unique())
    found, epochs = outcomes.outcomes(tuned, ["images", "start", "network"])
    source = table[(table["network"] == SOURCE) & table["epoch"].isin(starts)].dropna(subset=["test_accuracy"])
    source = source.assign(start=source["epoch"], value=source["test_accuracy"])
    labels = [*ordered(tuned["network"]), SOURCE]
    speed = f"training accuracy: mean of the first {epochs} epochs"
    grid = Grid.of(targets, 2, labels, [seeds(table), speed, f"{SOURCE}: test accuracy on its own task", network])
    for row, measure in enumerate((FINAL, SPEED)):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = found[(found["images"] == target) & (found["measure"] == measure)]
            columns = ["start", "network", "value"]
            both = pd.concat([shown[columns], source[columns]]) if measure == FINAL else shown
            both = both.astype({"start": int})  # a column with empty cells is read as floats
            draw_lines(axes, both, x="start", order=starts, look=grid.look, hue="network")
            name_ticks(axes, {}, starts)
            axes.set_ylim(0, 102)
        grid.axes[row][0].set_ylabel(measure)
    for axes in grid.axes[-1]:
        axes.set_xlabel("epochs of pre-training")
    grid.legend()
    return grid.figure
