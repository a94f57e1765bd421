"""Figure 2: loss and accuracy over the epochs of trainings."""

import math
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.figures import style
from repdrift.figures.lines import draw_curves
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered

COLUMNS = ("panel", "series", "seed", "epoch", "train_loss", "train_accuracy", "test_accuracy", "images")
MEASURES = {
    "train_loss": "training loss",
    "train_accuracy": "training accuracy (%)",
    "test_accuracy": "test accuracy (%)",
}
BEST_LABEL = "best possible, 100 / (d + 1)"
BEST: dict[str, Any] = {"linestyle": ":", "linewidth": 0.8}
AXES_HEIGHT = 1.8


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw axes for the loss, the training and the test accuracy, with a line for each series."""
    series = ordered(table["series"])
    look = Look.of(series)
    best = best_accuracies(series)
    handles = look.handles(style.DOUBLE - 0.6) + ([best_handle()] if best else [])
    columns = style.legend_columns([*series, *([BEST_LABEL] if best else [])], style.DOUBLE - 0.6)
    footer_text = style.wrap(footer(table, network), style.DOUBLE - 0.1, style.TINY)
    strip = Strip(math.ceil(len(handles) / columns), footer_text)
    figure = style.make_figure(style.DOUBLE, AXES_HEIGHT, strip)
    row = figure.subplots(1, len(MEASURES))
    for index, (axes, (measure, label)) in enumerate(zip(row, MEASURES.items(), strict=True)):
        # The training loss is the mean over the steps of an epoch, so epoch 0, which has no steps, has none.
        shown = table[table["epoch"] > 0] if measure == "train_loss" else table
        draw_curves(axes, shown, x="epoch", y=measure, hue="series", look=look)
        axes.set(ylabel=label, title=style.letter(index))
        style.set_epoch_axis(axes, table["epoch"].max())
        axes.set_ylim(0, None if measure == "train_loss" else 102)
    draw_best(row[-1], best, look)
    style.legend(row[0], handles, columns, strip.legend_top)
    return figure


def best_accuracies(series: list[str]) -> dict[str, float]:
    """Return the best possible test accuracy in percent for each series ``d = k``.

    A label is the true one plus a shift of 0 to k, which are equally likely.
    """
    degrees = style.quantity(series)
    if degrees is None or not series[0].startswith("d "):
        return {}
    return {label: 100 / (degree + 1) for label, degree in degrees.items()}


def draw_best(axes: Axes, best: dict[str, float], look: Look) -> None:
    for label, accuracy in best.items():
        axes.axhline(accuracy, color=look.colours[label], zorder=0.5, **BEST)


def best_handle() -> Artist:
    return Line2D([], [], color=style.GREY, label=BEST_LABEL, **BEST)
