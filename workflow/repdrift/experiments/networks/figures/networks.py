"""Figure networks: drift over relative depth for networks of different sizes, and unlearning against their size."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.figures import style, venue
from repdrift.figures.lines import lettered, level
from repdrift.figures.points import draw_points, t_intervals
from repdrift.figures.scatter import Mean, draw_mean
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered

COLUMNS = (
    "panel", "series", "parameters", "run", "seed", "reference", "layer", "estimator", "n", "value", "images",
)  # fmt: skip
# For each panel over depth: the trainings that it shows, and the reference of the similarity.
PANELS = {
    "from scratch, true labels": "init",
    "fine-tuned, true labels": "pretrained",
    "fine-tuned, random labels": "pretrained",
}
UNLEARNED = "fine-tuned, random labels"
TITLE = "unlearning by size"
HEIGHT = 1.6


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a row for each estimator: three panels over relative depth, and one of unlearning against parameters."""
    table = with_depth(table)
    estimators, series = style.biased_first(ordered(table["estimator"])), ordered(table["series"])
    shown = [title for title in PANELS if (table["panel"] == title).any()]
    look = Look.of(series)
    width = venue.double()
    handles = look.handles(width)
    columns = style.legend_columns(series, width - 0.6)
    strip = Strip(math.ceil(len(series) / columns), style.wrap(footer(table, network), width - 0.1, style.TINY))
    titles = level(lettered([*shown, TITLE]), (width - 0.8) / venue.across(len(shown) + 1) - 0.1)
    title_height = 0.16 * (titles[0].count("\n") + 1)
    height = venue.folds(len(titles)) * (HEIGHT * len(estimators) + title_height + 0.35)
    figure = style.make_figure(width, height, strip)
    grid = venue.panels(figure, len(estimators), len(titles), sharex="col")
    by = ["series", "panel", "reference", "layer", "estimator"]
    limits = style.similarity_limits(table["value"], t_intervals(table, by))
    for axes, estimator in zip(grid, estimators, strict=True):
        rows = table[table["estimator"] == estimator]
        for panel, title in zip(axes, shown, strict=False):
            draw_depth(panel, rows[(rows["panel"] == title) & (rows["reference"] == PANELS[title])], look)
            style.set_similarity_axis(panel, limits)
        draw_unlearning(axes[-1], unlearning(rows), look)
        axes[0].set_ylabel(style.estimator_label(estimator))
    for panel, title in zip(grid[0], titles, strict=True):
        panel.set_title(title)
    for panel in grid[-1][: len(shown)]:
        panel.set_xlabel("relative depth")
    grid[-1][-1].set_xlabel("parameters")
    figure.align_ylabels()
    style.legend(grid[-1][0], handles, columns, strip.legend_top)
    return figure


def with_depth(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the relative depth of each layer: its place among the layers of its network, up to 1."""
    places = {
        (name, layer): (place + 1) / rows["layer"].nunique()
        for name, rows in table.groupby("series", sort=False)
        for place, layer in enumerate(ordered(rows["layer"]))
    }
    return table.assign(depth=[places[key] for key in zip(table["series"], table["layer"], strict=True)])


def draw_depth(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    """Draw the similarity of the layers of each network over their relative depth."""
    draw_points(axes, rows, x="depth", hue="series", look=look, joined=True, scale=0.85)
    axes.set_xlim(0, 1.05)
    axes.set_xticks([0, 0.5, 1])


def unlearning(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the unlearning of each network and seed: the column ``value``.

    It is the mean over hidden layers of the similarity to the initial network less that to the pre-trained one.
    """
    found = rows[(rows["panel"] == UNLEARNED) & (rows["depth"] < 1)]
    by = ["series", "parameters", "seed"]
    means = found.groupby([*by, "reference"], sort=False)["value"].mean().unstack("reference")
    return (means["init"] - means["pretrained"]).rename("value").reset_index()


def draw_unlearning(axes: Axes, found: pd.DataFrame, look: Look) -> None:
    """Draw the unlearning of each network against its number of parameters, on a logarithmic axis."""
    axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    for name, rows in found.groupby("series", sort=False):
        size, colour = float(rows["parameters"].iloc[0]), look.colours[str(name)]
        axes.plot([size] * len(rows), rows["value"], ".", color=colour, markersize=2.6, alpha=0.4)
        draw_mean(axes, size, Mean.of(rows["value"]), colour=colour, marker=look.markers[str(name)])
    axes.set_xscale("log")
    axes.margins(x=0.15)
