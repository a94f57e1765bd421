"""The layers of the features that Head2Toe keeps, and the accuracy of features by the rank of their score."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.head2toe.figures.head2toe_methods import points_only, summary
from repdrift.experiments.head2toe.tables import HEAD2TOE, KEPT, RANK_ACCURACY, SHARE
from repdrift.figures import style
from repdrift.figures.grid import seeds
from repdrift.figures.lines import draw_lines
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = ("images", "seed", "method", "measure", "item", "value")
ROW = 0.24  # height of a bar in inches


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a bar for each target with the shares of the layers in the kept features, and the accuracy by rank."""
    table = table[table["method"] == HEAD2TOE]
    targets = ordered(table["images"])
    shares = table[table["measure"] == SHARE]
    layers = sorted(ordered(shares["item"]), key=lambda layer: layer == "logits")
    width, labels = style.DOUBLE, 0.15 + max(style.text_width(target, style.SMALL) for target in targets)
    columns = style.legend_columns(targets, width - labels - 0.1)
    footer = joined([seeds(table), network])
    strip = Strip(math.ceil(len(targets) / columns) + 1, style.wrap(footer, width - 0.1, style.TINY))
    figure = style.make_figure(width, max(1.9, 0.5 + ROW * (len(targets) + 1)), strip)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    look = Look.of_layers(layers)
    draw_shares(left, table, targets, layers, look)
    ranks = table[table["measure"] == RANK_ACCURACY].assign(place=lambda rows: rows["item"].astype(float))
    order = sorted(ranks["place"].unique())
    of_targets = Look.of(targets)
    draw_lines(right, ranks, x="place", order=order, look=of_targets, hue="images")
    right.set_xticks(range(len(order)), [f"{100 * place:g}" for place in order])
    right.set(xlabel="rank of the first feature (%)", ylabel="test accuracy (%)", title="(b) features by rank")
    squares = points_only(look.handles(width))
    for handle in squares:
        handle.set(marker="s")
    style.legend(left, squares, len(layers), strip.legend_top)
    style.legend(left, of_targets.handles(width - 0.6), columns, strip.legend_top - Strip.LINE)
    return figure


def draw_shares(axes: Axes, table: pd.DataFrame, targets: list[str], layers: list[str], look: Look) -> None:
    """Draw a bar of the mean shares for each target, with the mean number of kept features to its right."""
    shares = table[table["measure"] == SHARE]
    kept = summary(table[table["measure"] == KEPT], "images")
    for row, target in enumerate(targets):
        start, of_layers = 0.0, summary(shares[shares["images"] == target], "item")
        for layer in layers:
            share = 100 * of_layers[layer][0]
            axes.barh(row, share, left=start, height=0.7, color=look.colours[layer], edgecolor="white", linewidth=0.3)
            start += share
        axes.text(101, row, f"{kept[target][0]:,.0f}", fontsize=style.TINY, color=style.GREY, va="center", ha="left")
    axes.set_yticks(range(len(targets)), targets)
    axes.set_ylim(len(targets) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set(xlabel="share of the kept features (%)", title="(a) layers; numbers: kept features")
    axes.tick_params(axis="y", length=0)
