"""Figure 2: loss and accuracy over the epochs of trainings."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.figures import style, venue
from repdrift.figures.change import LOG_WORDS, set_log_axis
from repdrift.figures.colours import quantity
from repdrift.figures.lines import draw_curves
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered

COLUMNS = (
    "panel", "series", "seed", "epoch", "train_loss", "train_accuracy", "test_accuracy", "classes", "images",
)  # fmt: skip
MEASURES = {
    "train_loss": "training loss",
    "train_accuracy": "training accuracy (%)",
    "test_accuracy": "test accuracy (%)",
}
BEST_LABEL, CHANCE_LABEL = "best possible, 100 / (d + 1)", "chance"
BEST: dict[str, Any] = {"linestyle": ":", "linewidth": 0.8}
CHANCE: dict[str, Any] = {"linestyle": (0, (5, 2)), "linewidth": 0.8, "color": style.GREY}
AXES_HEIGHT = 1.9


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw axes for the loss, the training and the test accuracy, with a line for each series.

    All epochs are on a logarithmic axis, since labels of any randomness are learned in the first of many epochs.
    """
    series = ordered(table["series"])
    look = Look.of(series)
    best = best_accuracies(series)
    handles = look.handles(venue.double() - 0.6)
    handles += [Line2D([], [], color=style.GREY, label=BEST_LABEL, **BEST)] if best else []
    handles += [Line2D([], [], label=CHANCE_LABEL, **CHANCE)]
    columns = style.legend_columns([str(handle.get_label()) for handle in handles], venue.double() - 0.6)
    footer_text = style.wrap(f"{footer(table, network)} · {LOG_WORDS}", venue.double() - 0.1, style.TINY)
    strip = Strip(math.ceil(len(handles) / columns), footer_text)
    figure = style.make_figure(venue.double(), venue.folds(len(MEASURES)) * AXES_HEIGHT, strip)
    row = venue.panels(figure, 1, len(MEASURES))[0]
    for index, (axes, (measure, label)) in enumerate(zip(row, MEASURES.items(), strict=True)):
        loss = measure == "train_loss"
        # The training loss is the mean over the steps of an epoch, so epoch 0, which has no steps, has none.
        shown = table[table["epoch"] > 0] if loss else table
        draw_curves(axes, shown, x="epoch", y=measure, hue="series", look=look, log=loss)
        axes.set(ylabel=label, title=style.letter(index))
        set_epochs(axes, table["epoch"].max())
        if loss:
            positive = shown.loc[shown["train_loss"] > 0, "train_loss"]
            set_log_axis(axes, positive.min() / 1.3, positive.max() * 1.3)
        else:
            axes.set_ylim(0, 102)
    draw_best(row[-1], best, look)
    row[-1].axhline(100 / float(table["classes"].iloc[0]), zorder=0.6, **CHANCE)
    style.legend(row[0], handles, columns, strip.legend_top)
    return figure


def set_epochs(axes: Axes, last: float) -> None:
    """Make the axis of epochs logarithmic from epoch 1 on, with epoch 0 at its left end."""
    axes.set_xlabel("epoch")
    axes.set_xscale("symlog", linthresh=1, linscale=0.3)
    axes.set_xlim(0, max(1.0, last))
    ticks = [tick for tick in (0, 1, 3, 10, 30, 100, 300, 1000) if tick <= last]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()


def best_accuracies(series: list[str]) -> dict[str, float]:
    """Return the best possible test accuracy in percent for each series ``d = k``.

    A label is the true one plus a shift of 0 to k, which are equally likely.
    """
    degrees = quantity(series)
    if degrees is None or not series[0].startswith("d "):
        return {}
    return {label: 100 / (degree + 1) for label, degree in degrees.items()}


def draw_best(axes: Axes, best: dict[str, float], look: Look) -> None:
    for label, accuracy in best.items():
        axes.axhline(accuracy, color=look.colours[label], zorder=0.5, **BEST)
