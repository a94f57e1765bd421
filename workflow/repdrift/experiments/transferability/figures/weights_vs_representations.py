"""The change of the representation of each layer against the movement of its weights, for every fine-tuning."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.experiments.transferability.figures.transferability import PRETRAINED, set_log_axis
from repdrift.experiments.transferability.tables import MOVEMENT, weights_before
from repdrift.experiments.transferability.within_layers import correlations
from repdrift.figures import style, venue
from repdrift.figures.lines import lettered
from repdrift.figures.points import seeds_in_words
from repdrift.figures.scatter import Mean, draw_mean
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered
from repdrift.similarity.choice import main_estimator

COLUMNS = (
    "run", "images", "seed", "labels", "reference", "measure", "item", "layer", "estimator", "value",
)  # fmt: skip
MOVED, FORMULA = "movement of the weights", "‖fine-tuned \u2212 pre-trained‖ / ‖pre-trained‖"


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw axes for each layer, with a point for each fine-tuning at the means over seeds. Colours are targets."""
    estimator = main_estimator(ordered(table.loc[table["estimator"] != "", "estimator"]))
    found = joint(table, estimator)
    targets, layers, labels = (ordered(found[name]) for name in ("images", "item", "labels"))
    left_out = int((found["changed"] <= 0).sum())
    footer = [
        seeds_in_words(found, faint=False),
        "\u03c1: Spearman's rank correlation over the fine-tunings of one layer, mean over seeds; black: of all "
        "targets, colours: of each",
        f"{left_out} changes of at most 0 left out" if left_out else "",
        f"movement: {FORMULA}" if venue.is_narrow() else "",
        network,
    ]
    width = venue.double()
    columns = style.legend_columns([*targets, *labels], width - 1.1)  # the axes begin at the right of two lines of text
    lines = math.ceil(len([*targets, *labels]) / columns)
    strip = Strip(lines, style.wrap(joined(footer), width - 0.1, style.TINY))
    figure = style.make_figure(width, venue.folds(len(layers)) * 2.35, strip)
    row = venue.panels(figure, 1, len(layers), sharey=True)[0]
    colours, markers = Look.of(targets).colours, Look.of(labels).markers
    within = correlations(found)
    for axes, layer, title in zip(row, layers, lettered(layers), strict=True):
        draw_layer(axes, found[found["item"] == layer], colours, markers)
        write_correlations(axes, within[within["item"] == layer], colours)
        axes.set_title(title)
    if venue.is_narrow():
        row[-1].set_xlabel(style.wrap(MOVED, venue.LEAST - 0.2, 8))
    else:
        row[len(layers) // 2].set_xlabel(f"{MOVED}: {FORMULA}")
    row[0].set_ylabel(f"change of the representation\n1 \u2212 {style.estimator_label(estimator)}")
    handles = [Line2D([], [], color=colour, linewidth=2, label=name) for name, colour in colours.items()]
    handles += [
        Line2D([], [], color="0.3", linestyle="", marker=marker, label=name) for name, marker in markers.items()
    ]
    style.legend(row[0], handles, columns, strip.legend_top)
    return figure


def draw_layer(
    axes: Axes, found: pd.DataFrame, colours: dict[str, tuple[float, float, float]], markers: dict[str, str]
) -> None:
    """Draw the points of a layer with intervals in both directions."""
    for _, run in found.groupby("run", sort=False):
        moved, changed = (Mean.of(run[name], log=True) for name in ("moved", "changed"))
        if changed.mean > 0:
            colour, marker = colours[run["images"].iloc[0]], markers[run["labels"].iloc[0]]
            draw_mean(axes, moved, changed, colour=colour, marker=marker)
    set_log_axis(axes, "x", 4)
    set_log_axis(axes, "y")


def write_correlations(axes: Axes, within: pd.DataFrame, colours: dict[str, tuple[float, float, float]]) -> None:
    """Write the correlation over all fine-tunings of a layer in black, and those of each target in its colour."""
    for line, (target, rows) in enumerate(reversed(list(within.groupby("images", sort=False)))):
        mean = Mean.of(rows["value"]).mean
        text = f"\u03c1 = {mean:z.2f}, n = {rows['n'].iloc[0]}".replace("-", "\u2212")
        axes.text(
            0.98,
            0.02 + 0.085 * line,
            text,
            transform=axes.transAxes,
            fontsize=style.TINY,
            color=colours.get(str(target), "black"),
            ha="right",
            va="bottom",
        )


def joint(table: pd.DataFrame, estimator: str) -> pd.DataFrame:
    """Return a row for each fine-tuning, seed and layer, with the columns ``moved`` and ``changed``."""
    by = ["run", "seed", "item"]
    moved = table[table["measure"] == MOVEMENT].rename(columns={"value": "moved"})
    similar = table[(table["estimator"] == estimator) & (table["reference"] == PRETRAINED)]
    item = similar["layer"].map(weights_before)
    changed = similar.assign(item=item, changed=1 - similar["value"])[[*by, "changed"]]
    return moved[[*by, "images", "labels", "moved"]].merge(changed, on=by)
