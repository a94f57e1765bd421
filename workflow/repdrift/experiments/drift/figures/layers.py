"""Similarity of every layer, with error bars over seeds: figures 3, 4, 5 and the controls."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.figures import style
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered, standard_errors

COLUMNS = ("panel", "series", "seed", "layer", "estimator", "n", "value", "null_mean", "images")
NULL: dict[str, Any] = {"color": "0.6", "linestyle": (0, (3, 2)), "linewidth": 0.8}
NULL_LABEL = "permuted images (null)"
ROW_HEIGHT = 1.45


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column of axes for each panel and a row for each estimator."""
    panels, estimators = ordered(table["panel"]), style.biased_first(ordered(table["estimator"]))
    series = {panel: ordered(table.loc[table["panel"] == panel, "series"]) for panel in panels}
    width = style.DOUBLE if len(panels) > 1 else style.SINGLE
    column_width = (width - 0.5) / len(panels)
    with_null = bool(table["null_mean"].notna().any())
    legends = Legends(list(series.values()), width - 0.6, [column_width] * len(panels), with_null)
    strip = Strip(legends.lines, style.wrap(footer(table, network), width - 0.1, style.TINY))
    titles = [style.wrap(title, column_width - 0.1, 8) for title in lettered(panels)]
    title_height = 0.16 * max(title.count("\n") + 1 if title else 0 for title in titles)
    figure = style.make_figure(width, ROW_HEIGHT * len(estimators) + title_height + 0.3, strip)
    grid = figure.subplots(len(estimators), len(panels), sharex=True, sharey=True, squeeze=False)
    limits = style.similarity_limits(standard_errors(table, ["panel", "series", "layer", "estimator"]))
    order = ordered(table["layer"])
    for row, estimator in enumerate(estimators):
        for column, panel in enumerate(panels):
            shown = table[(table["panel"] == panel) & (table["estimator"] == estimator)]
            draw_panel(grid[row, column], shown, series[panel], order)
            style.set_similarity_axis(grid[row, column], limits)
        grid[row, 0].set_ylabel(style.estimator_label(estimator))
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    for axes in grid[-1]:
        fit_layer_names(axes, order, column_width)
    legends.write(list(grid[-1]), strip)
    return figure


def lettered(panels: Sequence[str]) -> list[str]:
    """Titles of panels; a letter only where there is more than one."""
    if len(panels) == 1:
        return list(panels)
    return [f"{style.letter(index)} {panel}" for index, panel in enumerate(panels)]


def draw_panel(axes: Axes, shown: pd.DataFrame, series: Sequence[str], order: Sequence[str]) -> None:
    """Draw the series and the null."""
    draw_null(axes, shown, order)
    draw_lines(axes, shown, hue="series", look=Look.of(series), order=order)


def draw_lines(
    axes: Axes,
    shown: pd.DataFrame,
    *,
    hue: str,
    look: Look,
    order: Sequence[str] | Sequence[int],
    x: str = "layer",
    scale: float = 1.0,
) -> None:
    """Draw means over seeds with standard errors over the layers (or the values of another column `x`), in this order.

    `scale` is of the width of lines and markers.
    """
    labels = list(look.colours)
    # The type stubs of seaborn know neither a width for dodge nor a plain list of markers.
    apart: Any = min(0.4, 0.14 * (len(labels) - 1)) or False
    markers: Any = [look.markers[label] for label in labels]
    sns.pointplot(
        shown,
        x=x,
        y="value",
        hue=hue,
        order=order,
        hue_order=labels,
        palette=look.colours,
        markers=markers,
        dodge=apart,
        errorbar="se",
        err_kws={"linewidth": 0.9 * scale},
        legend=False,
        ax=axes,
        linewidth=1.0 * scale,
        markersize=3.6 * scale,
        **(style.MARKER_EDGE | {"markeredgewidth": 0.4 * scale}),
    )
    axes.set(xlabel="", ylabel="", xlim=(-0.4, len(order) - 0.6))


def draw_null(axes: Axes, shown: pd.DataFrame, order: Sequence[str]) -> None:
    """Draw what unrelated images would give: for a biased estimator and wide layers that is far from 0."""
    null = shown.groupby("layer")["null_mean"].mean().reindex(list(order))
    axes.plot(range(len(order)), null, zorder=0.5, label=NULL_LABEL, **NULL)


def layer_names_fit(order: Sequence[str], width: float) -> bool:
    return len(order) * (longest(order) + 0.06) <= width - 0.1


def longest(order: Sequence[str]) -> float:
    """Width of the longest name of a layer in inches."""
    return max(style.text_width(name, style.SMALL) for name in order)


def fit_layer_names(axes: Axes, order: Sequence[str], width: float) -> None:
    """Turn the names of layers where they would run into each other."""
    if not layer_names_fit(order, width):
        axes.tick_params(axis="x", rotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")


class Legends:
    """One legend if all columns have the same series, else one below each column; the null is named once."""

    def __init__(
        self, series: Sequence[list[str]], width: float, column_widths: Sequence[float], with_null: bool = False
    ) -> None:
        null: list[Artist] = [Line2D([], [], label=NULL_LABEL, **NULL)] if with_null else []
        self.shared = all(labels == series[0] for labels in series)
        self.inches = [width] if self.shared else [column - 0.1 for column in column_widths]
        # Shared, there is one width only, and so one legend.
        self.handles = [Look.of(labels).handles(inches) for labels, inches in zip(series, self.inches, strict=False)]
        if self.shared:
            self.handles[0] += null
        self.null = [] if self.shared else null

    @property
    def lines(self) -> int:
        """Lines of text that the legends take, with the one for the null."""
        return max(self._lines(0) + len(self.null), *map(self._lines, range(len(self.handles))))

    def _columns(self, index: int) -> int:
        return style.legend_columns([str(handle.get_label()) for handle in self.handles[index]], self.inches[index])

    def _lines(self, index: int) -> int:
        handles, columns = self.handles[index], self._columns(index)
        if columns > 1:
            return math.ceil(len(handles) / columns)
        return sum(str(handle.get_label()).count("\n") + 1 for handle in handles)

    def write(self, bottom: Sequence[Axes], strip: Strip) -> None:
        """Write the legends below the axes of the bottom row."""
        for index, handles in enumerate(self.handles):
            style.legend(bottom[index], handles, self._columns(index), strip.legend_top)
        if self.null:
            style.legend(bottom[0], self.null, 1, strip.legend_top - strip.LINE * self._lines(0))
