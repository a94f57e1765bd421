"""Similarity of every layer, with error bars over seeds: figures 3, 4, 5 and the controls."""

import math
from collections.abc import Sequence

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
NULL = {"color": "0.6", "linestyle": (0, (3, 2)), "linewidth": 0.8}
NULL_LABEL = "permuted images (null)"
ROW_HEIGHT = 1.45


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column of axes for each panel and a row for each estimator."""
    panels, estimators = ordered(table["panel"]), style.biased_first(ordered(table["estimator"]))
    series = {panel: ordered(table.loc[table["panel"] == panel, "series"]) for panel in panels}
    width = style.DOUBLE if len(panels) > 1 else style.SINGLE
    column_width = (width - 0.5) / len(panels)
    legends = Legends(series, width, column_width)
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
    legends.write(list(grid[-1]), strip, with_null=bool(table["null_mean"].notna().any()))
    return figure


def lettered(panels: Sequence[str]) -> list[str]:
    """Titles of panels; a letter only where there is more than one."""
    if len(panels) == 1:
        return list(panels)
    return [f"{style.letter(index)} {panel}" for index, panel in enumerate(panels)]


def draw_panel(axes: Axes, shown: pd.DataFrame, series: Sequence[str], order: Sequence[str]) -> None:
    """Draw means over seeds with standard errors, one line for each series, and the null."""
    look = Look.of(series)
    draw_null(axes, shown, order)
    sns.pointplot(
        shown,
        x="layer",
        y="value",
        hue="series",
        order=order,
        hue_order=series,
        palette=look.colours,
        markers=[look.markers[label] for label in series],
        dodge=min(0.4, 0.1 * (len(series) - 1)) if len(series) > 1 else False,
        errorbar="se",
        err_kws={"linewidth": 0.9},
        legend=False,
        ax=axes,
        linewidth=1.0,
        markersize=4,
        **style.MARKER_EDGE,
    )
    axes.set(xlabel="", ylabel="", xlim=(-0.4, len(order) - 0.6))


def draw_null(axes: Axes, shown: pd.DataFrame, order: Sequence[str]) -> None:
    """Draw what unrelated images would give: for a biased estimator and wide layers that is far from 0."""
    null = shown.groupby("layer")["null_mean"].mean().reindex(order)
    axes.plot(range(len(order)), null, zorder=0.5, label=NULL_LABEL, **NULL)


def fit_layer_names(axes: Axes, order: Sequence[str], width: float) -> None:
    """Turn the names of layers where they would run into each other."""
    needed = sum(len(name) + 1 for name in order) * 0.57 * style.SMALL / 72
    if needed > width - 0.15:
        axes.tick_params(axis="x", rotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")


class Legends:
    """One legend if all panels have the same series, else one below each panel; the null is named once."""

    def __init__(self, series: dict[str, list[str]], width: float, column_width: float) -> None:
        self.series = list(series.values())
        self.shared = all(labels == self.series[0] for labels in self.series)
        self.width = width - 0.6 if self.shared else column_width
        longest = max(len(label) for labels in self.series for label in labels)
        self.columns = max(1, int(self.width / (0.55 + longest * 0.057)))

    @property
    def lines(self) -> int:
        """Lines of text that the legends take, with the one for the null."""
        extra = 1 if self.shared else 0
        most = max(len(labels) + extra for labels in self.series)
        return math.ceil(most / self.columns) + (1 - extra)

    def write(self, bottom: Sequence[Axes], strip: Strip, with_null: bool) -> None:
        """Write the legends below the axes of the bottom row."""
        null: list[Artist] = [Line2D([], [], label=NULL_LABEL, **NULL)] if with_null else []
        if self.shared:
            handles = Look.of(self.series[0]).handles(self.series[0])
            style.legend(bottom[0], handles + null, self.columns, strip.legend_top)
            return
        for axes, labels in zip(bottom, self.series, strict=True):
            style.legend(axes, Look.of(labels).handles(labels), self.columns, strip.legend_top)
        if null:
            style.legend(bottom[0], null, 1, strip.footer_top + strip.LINE)
