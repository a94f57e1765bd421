"""The layers that Head2Toe prefers, and the accuracy of features by the rank of their score."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.head2toe.tables import EARLY, ENRICHMENT, HEAD2TOE, KEPT, RANK_ACCURACY
from repdrift.figures import style, venue
from repdrift.figures.points import BESIDE, FAINT, draw_points, offsets, point_handles, seeds_in_words, step
from repdrift.figures.scatter import draw_mean, means_by
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "seed", "method", "measure", "item", "value")
ROOM = 1.2  # inches that the names of the targets need
ROW = 0.42  # height of the row of a target in inches


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw the enrichment of every layer for each target, and the accuracy by rank."""
    table = table[table["method"] == HEAD2TOE]
    targets = ordered(table["images"])
    enriched = table[(table["measure"] == ENRICHMENT) & (table["item"] != EARLY)]
    layers = ordered(enriched["item"])
    width = venue.double()
    of_layers, of_targets = Look.of_layers(layers), Look.of(targets)
    columns = style.legend_columns(targets, width - 0.6)
    footer = joined([seeds_in_words(table), "n: mean number of kept features", network])
    beside = style.legend_columns(layers, width - 1.2) if venue.is_narrow() else len(layers)
    lines = math.ceil(len(layers) / beside)
    if venue.is_narrow():
        columns = 1
    strip = Strip(math.ceil(len(targets) / columns) + lines, style.wrap(footer, width - 0.1, style.TINY))
    height = venue.folds(2, ROOM) * max(2.1, 0.6 + ROW * len(targets))
    figure = style.make_figure(width, height, strip)
    left, right = venue.panels(figure, 1, 2, beside=ROOM, width_ratios=(1.25, 1))[0]
    draw_enrichment(left, enriched, targets, of_layers)
    name_targets(left, targets, table[table["measure"] == KEPT])
    ranks = table[table["measure"] == RANK_ACCURACY]
    ranks = ranks.assign(place=100 * ranks["item"].astype(float))
    draw_points(right, ranks, x="place", hue="images", look=of_targets, joined=True)
    right.set(xlabel="rank of the first feature (%)", ylabel="test accuracy (%)", title="(b) features by rank")
    style.legend(left, point_handles(of_layers, width), beside, strip.legend_top)
    style.legend(left, of_targets.handles(width - 0.6), columns, strip.legend_top - Strip.LINE * lines)
    return figure


def draw_enrichment(axes: Axes, table: pd.DataFrame, targets: list[str], look: Look) -> None:
    """Draw a point for each layer in the row of each target."""
    count = len(look.colours)
    below = BESIDE * step(count)
    axes.axvline(0, color="0.8", linewidth=0.6, zorder=0)
    for row, target in enumerate(targets):
        shown = table[table["images"] == target]
        means = means_by(shown, "item")
        for (layer, colour), beside in zip(look.colours.items(), offsets(count), strict=True):
            seeds = shown.loc[shown["item"] == layer, "value"]
            place = row + beside
            axes.plot(seeds, [place + below] * len(seeds), color=colour, **FAINT)
            draw_mean(axes, means[layer], place, colour=colour, marker=look.markers[layer])
        if row:
            axes.axhline(row - 0.5, color="0.9", linewidth=0.5, zorder=0)
    label = "ln (rate of the layer / rate of the others)"
    axes.set(xlabel=style.wrap(label, 1.6, 8) if venue.is_narrow() else label, title="(a) enrichment of layers")


def name_targets(axes: Axes, targets: list[str], kept: pd.DataFrame) -> None:
    """Label the rows with the targets and their mean numbers of kept features."""
    means = means_by(kept, "images")
    names = [f"{style.wrap(target, 1.2, style.SMALL)}\nn = {means[target].mean:,.0f}" for target in targets]
    axes.set_yticks(range(len(targets)), names)
    axes.set_ylim(len(targets) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
