"""Pairs of networks that were trained on a target: similarity of layers, distance of weights, common mistakes."""

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import L2_DISTANCE, MISTAKES, SHARED, SIMILARITY
from repdrift.figures import style
from repdrift.figures.grid import Grid, seeds
from repdrift.figures.lines import draw_lines, fit_layer_names
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", *SIMILARITY.columns[1:], "value")
# The table has more pairs, which the figure does not show.
SHOWN = ("P-T & P", "P-T & P-T", "RI-T & RI", "RI-T & P-T", "RI-T & RI-T", "RI-T & RI-T, same start")
TRAINED = ("P-T & P-T", "RI-T & P-T", "RI-T & RI-T", "RI-T & RI-T, same start")


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target, with a row for each estimator, the distances and the mistakes."""
    table = table[table["pair"].isin(SHOWN)]
    targets = ordered(table["images"])
    estimators = style.biased_first([name for name in ordered(table["measure"]) if name not in (L2_DISTANCE, MISTAKES)])
    measures = [*estimators, L2_DISTANCE, MISTAKES]
    shared = "mistakes in common: share of the images that either network gets wrong"
    pairs = [pair for pair in SHOWN if pair in set(table["pair"])]
    grid = Grid.of(targets, len(measures), pairs, [seeds(table), shared, network], height=1.25)
    for row, measure in enumerate(measures):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = table[(table["images"] == target) & (table["measure"] == measure)]
            if measure == MISTAKES:
                shown = shown[(shown["item"] == SHARED) & shown["pair"].isin(TRAINED)]
                draw_lines(axes, shown, x="item", order=[SHARED], look=grid.look, hue="pair")
                axes.set_xticks([])
                axes.set_ylim(0, 100)
                continue
            items = ordered(shown["item"])
            draw_lines(axes, shown, x="item", order=items, look=grid.look, hue="pair")
            fit_layer_names(axes, items, style.DOUBLE / len(targets) - 0.3)
            if measure == L2_DISTANCE:
                axes.set_yscale("log")
            else:
                style.set_similarity_axis(axes, (-0.04, 1.03))
        label = {L2_DISTANCE: "l2 distance", MISTAKES: "mistakes in\ncommon (%)"}.get(measure, "")
        grid.axes[row][0].set_ylabel(label or style.estimator_label(measure))
    grid.legend()
    return grid.figure
