"""Similarity with the initialisation over the epochs of a training: figure 1."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.figures import style
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
        draw_lines(axes, shown, x="epoch", y="value", hue="layer", look=look)
        axes.set_ylabel(style.estimator_label(estimator))
        style.set_epoch_axis(axes, table["epoch"].max())
        style.set_similarity_axis(axes, limits)
        if len(estimators) > 1:
            axes.set_title(style.letter(index))
    style.legend(row[0], look.handles(width), columns, strip.legend_top)
    return figure


def draw_lines(axes: Axes, shown: pd.DataFrame, *, x: str, y: str, hue: str, look: Look) -> None:
    """Draw the mean over seeds as a line with a band of one standard error, and about eight markers on it."""
    labels = list(look.colours)
    shown = shown.dropna(subset=[y])
    if shown.empty:
        style.say_not_measured(axes)
        return
    step = math.ceil(shown[x].nunique() / 8)
    sns.lineplot(
        shown,
        x=x,
        y=y,
        hue=hue,
        style=hue,
        hue_order=labels,
        style_order=labels,
        palette=look.colours,
        markers=look.markers,
        dashes=False,
        # One value has no standard error, and seaborn would warn of every epoch.
        errorbar="se" if shown["seed"].nunique() > 1 else None,
        err_kws={"linewidth": 0, "alpha": 0.25},
        legend=False,
        ax=axes,
        # Not the first of many, where the markers of all lines would lie on each other.
        markevery=(step if step > 1 else 0, step),
        clip_on=False,
        **style.MARKER_EDGE,
    )
