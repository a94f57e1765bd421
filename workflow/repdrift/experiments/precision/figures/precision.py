"""Figure precision: what the precision of training changes, beside what the seed changes."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.claims.scales import CKA, POINTS
from repdrift.figures import style, venue
from repdrift.figures.lines import lettered
from repdrift.figures.points import offsets
from repdrift.figures.style import Look
from repdrift.figures.table import joined, ordered
from repdrift.similarity.choice import main_estimator

COLUMNS = (
    "precision", "training", "seed", "probe", "reference", "layer", "estimator", "value", "epoch", "train_accuracy",
    "test_accuracy",
)  # fmt: skip
SEED = "another seed"
ACCURACIES = {"train_accuracy": "training", "test_accuracy": "test"}
HEIGHT = 2.1
ROOM = 1.0  # inches that many layers need
SPREAD = 0.07  # the points of a series lie this far to either side of its place


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw the differences of similarities by layer, and those of accuracies."""
    own = str(table["precision"].iloc[-1])  # the study's own precision comes last in the table
    others = [name for name in ordered(table["precision"]) if name != own]
    estimator = main_estimator(ordered(table.loc[table["estimator"] != "", "estimator"]))
    similarities = table[table["estimator"] == estimator].rename(columns={"layer": "place"})
    panels = (
        (style.estimator_label(estimator), CKA, changes(similarities, own, ["training", "probe", "reference"])),
        ("accuracy (points)", POINTS, changes(final_accuracies(table), own, ["training"])),
    )
    seeds = table["seed"].nunique()
    look = Look.of([SEED, *others]) if seeds > 1 else Look.of(others)
    counted = f"{seeds} seeds" if seeds > 1 else "1 seed"
    text = style.wrap(joined([f"{counted}, {own} otherwise", network]), venue.double() - 0.1, style.TINY)
    strip = style.Strip(1, text)
    figure = style.make_figure(venue.double(), venue.folds(2, ROOM) * HEIGHT, strip)
    grid = venue.panels(figure, 1, 2, beside=ROOM, width_ratios=[2.2, 1])[0]
    for axes, title, (name, scale, found) in zip(grid, lettered(["similarities", "accuracies"]), panels, strict=True):
        draw_changes(axes, found, look, scale.margin)
        axes.set(title=title, ylabel=f"change of {name}")
    handles = [
        Line2D([], [], marker="_", markersize=9, markeredgewidth=1.6, linestyle="", color=colour, label=label)
        for label, colour in look.colours.items()
    ]
    margin = Line2D([], [], color="0.4", linestyle=(0, (3, 2)), linewidth=0.8, label="margin")
    style.legend(grid[0], [*handles, margin], len(handles) + 1, strip.legend_top)
    return figure


def final_accuracies(table: pd.DataFrame) -> pd.DataFrame:
    """Return the last accuracies that were measured in each training: the columns ``place`` and ``value``."""
    history = table[table["epoch"].notna() & table["test_accuracy"].notna()].sort_values("epoch", kind="stable")
    last = history.groupby(["precision", "training", "seed"], sort=False).last().reset_index()
    parts = [last.assign(place=label, value=last[column]) for column, label in ACCURACIES.items()]
    return pd.concat(parts, ignore_index=True)


def changes(table: pd.DataFrame, own: str, by: Sequence[str]) -> pd.DataFrame:
    """Return how much another precision and another seed change each number.

    Parameters
    ----------
    table : DataFrame
        A row for each precision, seed and number. Its column ``place`` is the place on the horizontal axis.
    own : str
        The study's own precision.
    by : sequence of str
        The columns that identify a number at its place.

    Returns
    -------
    DataFrame
        Columns ``place``, ``series`` (`SEED` or a precision) and ``change``: the root mean square over seeds of the
        difference between precisions, or over pairs of seeds of the difference between two of them. One seed has no
        pair.
    """
    wide = table.pivot_table(index=[*by, "place"], columns=["precision", "seed"], values="value", sort=False)
    parts: list[pd.DataFrame] = []
    for precision in ordered(table["precision"]):
        if precision != own:
            change = np.sqrt(np.square(wide[precision].to_numpy() - wide[own].to_numpy()).mean(axis=1))
        elif wide[own].shape[1] > 1:
            # Two independent draws differ by sqrt(2) standard deviations.
            change = math.sqrt(2) * wide[own].to_numpy().std(axis=1, ddof=1)
        else:
            continue
        found = pd.DataFrame({"change": change}, index=wide.index).reset_index()
        parts.append(found.assign(series=SEED if precision == own else precision))
    return pd.concat(parts, ignore_index=True).dropna()


def draw_changes(axes: Axes, found: pd.DataFrame, look: Look, margin: float) -> None:
    """Draw the changes of each place as faint points with their median, and the margin as a dashed line."""
    places = ordered(found["place"])
    aside = offsets(len(look.colours))
    for place, name in enumerate(places):
        for offset, (label, colour) in zip(aside, look.colours.items(), strict=True):
            values = found.loc[(found["place"] == name) & (found["series"] == label), "change"].to_numpy()
            if not len(values):
                continue
            beside = np.linspace(-SPREAD, SPREAD, len(values)) if len(values) > 1 else np.zeros(1)
            middle = place + offset
            axes.plot(middle + beside, values, ".", color=colour, markersize=3, markeredgewidth=0, alpha=0.45)
            axes.hlines(np.median(values), middle - 0.1, middle + 0.1, color=colour, linewidth=1.6, zorder=3)
    axes.axhline(margin, color="0.4", linestyle=(0, (3, 2)), linewidth=0.8, zorder=1)
    axes.set_yscale("symlog", linthresh=margin / 10)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(len(places)), places)
    axes.set_xlim(-0.5, len(places) - 0.5)
