"""Figure 1: the similarity of each layer to its initialisation over the epochs of a training."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.figures import style, venue
from repdrift.figures.change import CHANGE, LOG_WORDS, change_label, set_change_axis, with_change
from repdrift.figures.layer_names import MANY
from repdrift.figures.lines import NULL, draw_curves, lettered, null_handle
from repdrift.figures.points import t_intervals
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered

COLUMNS = ("panel", "series", "seed", "epoch", "layer", "estimator", "n", "value", "null_mean", "images")
AXES_HEIGHT = 1.7


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column of axes for each estimator: the similarity of each layer above, and 1 - similarity below."""
    table = with_change(table)
    estimators, layers = style.biased_first(ordered(table["estimator"])), ordered(table["layer"])
    width = venue.double() if len(estimators) > 1 else venue.single()
    look = Look.of_layers(layers)
    handles = look.handles(width)
    handles = handles[:: math.ceil(len(handles) / MANY)]  # of many layers, the legend has some
    if table["null_mean"].notna().any():
        handles.append(null_handle())
    columns = style.legend_columns([str(handle.get_label()) for handle in handles], width - 0.6)
    text = style.wrap(f"{footer(table, network)} · {LOG_WORDS}", width - 0.1, style.TINY)
    strip = Strip(math.ceil(len(handles) / columns), text)
    figure = style.make_figure(width, venue.folds(len(estimators)) * (2 * AXES_HEIGHT + 0.35), strip)
    upper, lower = venue.panels(figure, 2, len(estimators), sharex=True, sharey="row")
    limits = style.similarity_limits(table["value"], t_intervals(table, ["epoch", "layer", "estimator"]))
    titles = lettered([style.estimator_label(estimator) for estimator in estimators])
    for top, bottom, estimator, title in zip(upper, lower, estimators, titles, strict=True):
        shown = table[table["estimator"] == estimator]
        draw_curves(top, shown, x="epoch", y="value", hue="layer", look=look)
        draw_nulls(top, shown, look)
        style.set_similarity_axis(top, limits)
        top.set_title(title)
        # All weights are equal at epoch 0, where 1 - similarity is 0 and has no logarithm.
        draw_curves(bottom, shown[shown["epoch"] > 0], x="epoch", y=CHANGE, hue="layer", look=look, log=True)
        set_change_axis(bottom, shown.loc[shown["epoch"] > 0, CHANGE])
        style.set_epoch_axis(bottom, table["epoch"].max())
    upper[0].set_ylabel("similarity to\ninitial network")
    lower[0].set_ylabel(change_label("similarity"))
    figure.align_ylabels()
    style.legend(lower[0], handles, columns, strip.legend_top)
    return figure


def draw_nulls(axes: Axes, shown: pd.DataFrame, look: Look) -> None:
    """Draw the mean similarity of each layer under permuted images."""
    nulls = shown.groupby(["layer", "epoch"], sort=False)["null_mean"].mean()
    for layer, colour in look.colours.items():
        null = nulls.loc[layer].sort_index()
        axes.plot(null.index, null, **(NULL | {"color": colour, "zorder": 0.5}))
