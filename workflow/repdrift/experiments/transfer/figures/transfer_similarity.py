"""Pairs of networks that were trained on a target: the similarity of their layers and of their mistakes."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.transfer.tables import (
    AMBIGUITY,
    DISTANCES,
    KAPPA,
    MISTAKES,
    ONLY_PRETRAINED,
    ONLY_RANDOM,
    SHARED,
    SIMILARITY,
)
from repdrift.figures import style, venue
from repdrift.figures.grid import Grid
from repdrift.figures.points import draw_points, point_handles, seeds_in_words
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", *SIMILARITY.columns[1:], "value")
# The table has more pairs, which the figure does not show.
TRAINED = ("P-T & P-T", "RI-T & P-T", "RI-T & RI-T", "RI-T & RI-T, same start", "RI-T & P-T, start of P")
SHOWN = ("P-T & P", "RI-T & RI", *TRAINED)
SHARES = {KAPPA: "kappa", SHARED: "overlap", ONLY_PRETRAINED: "ambiguous:\nonly P-T", ONLY_RANDOM: "\nonly RI-T"}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target, with a row for each estimator and a row for the mistakes."""
    table = table[table["pair"].isin(SHOWN)]
    targets = ordered(table["images"])
    others = (*DISTANCES, MISTAKES, AMBIGUITY)
    estimators = style.biased_first([name for name in ordered(table["measure"]) if name not in others])
    pairs = [pair for pair in SHOWN if pair in set(table["pair"])]
    words = "kappa: error consistency; overlap: mistakes of both by mistakes of either; ambiguous: share of the images "
    footer = [seeds_in_words(table), f"{words}that only P-T, or only RI-T, gets wrong", network]
    grid = Grid.of(targets, len(estimators) + 1, pairs, footer, height=1.5)
    for row, estimator in enumerate(estimators):
        for axes, target in zip(grid.axes[row], targets, strict=True):
            shown = table[(table["images"] == target) & (table["measure"] == estimator)]
            draw_points(axes, shown, x="item", order=ordered(shown["item"]), hue="pair", look=grid.look)
            style.set_similarity_axis(axes, (-0.04, 1.03))
        grid.axes[row][0].set_ylabel(style.estimator_label(estimator))
    for axes, target in zip(grid.axes[-1], targets, strict=True):
        shown = shares(table[table["images"] == target], TRAINED)
        draw_points(axes, shown, x="item", order=list(SHARES), hue="pair", look=grid.look)
        axes.set_xticks(range(len(SHARES)), list(SHARES.values()), fontsize=style.TINY)
        style.set_similarity_axis(axes, (-0.04, 1.03))
    grid.axes[-1][0].set_ylabel("mistakes")
    handles = point_handles(grid.look, venue.double() - 0.6)
    style.legend(grid.axes[-1][0], handles, grid.columns, grid.strip.legend_top)
    return grid.figure


def shares(table: pd.DataFrame, pairs: Sequence[str]) -> pd.DataFrame:
    """Return the rows about the mistakes of some pairs, with percentages as shares."""
    found = table[table["measure"].isin([MISTAKES, AMBIGUITY]) & table["pair"].isin(pairs)]
    return found.assign(value=found["value"].where(found["item"] != SHARED, found["value"] / 100))
