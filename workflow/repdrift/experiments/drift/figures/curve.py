"""Figure 1: the similarity of each layer to its initialisation over the epochs of a training."""

import math

import pandas as pd
from matplotlib.figure import Figure

from repdrift.figures import style
from repdrift.figures.lines import draw_curves
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered, standard_errors

COLUMNS = ("panel", "series", "seed", "epoch", "layer", "estimator", "n", "value", "images")
AXES_HEIGHT = 2.0


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw axes for each estimator, with a line for each layer."""
    estimators, layers = style.biased_first(ordered(table["estimator"])), ordered(table["layer"])
    width = style.DOUBLE if len(estimators) > 1 else style.SINGLE
    look = Look.of_layers(layers)
    columns = style.legend_columns(layers, width - 0.6)
    strip = Strip(math.ceil(len(layers) / columns), style.wrap(footer(table, network), width - 0.1, style.TINY))
    figure = style.make_figure(width, AXES_HEIGHT, strip)
    row = figure.subplots(1, len(estimators), squeeze=False)[0]
    limits = style.similarity_limits(standard_errors(table, ["epoch", "layer", "estimator"]))
    for index, (axes, estimator) in enumerate(zip(row, estimators, strict=True)):
        shown = table[table["estimator"] == estimator]
        draw_curves(axes, shown, x="epoch", y="value", hue="layer", look=look)
        axes.set_ylabel(style.estimator_label(estimator))
        style.set_epoch_axis(axes, table["epoch"].max())
        style.set_similarity_axis(axes, limits)
        if len(estimators) > 1:
            axes.set_title(style.letter(index))
    style.legend(row[0], look.handles(width), columns, strip.legend_top)
    return figure
