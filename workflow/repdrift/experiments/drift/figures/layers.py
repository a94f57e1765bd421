"""Figures 3, 4, 5 and the controls: the similarity of every layer, with error bars over seeds."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.figures import style
from repdrift.figures.lines import NULL, NULL_LABEL, Legends, draw_lines, fit_layer_names, lettered
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, ordered, standard_errors

COLUMNS = ("panel", "series", "seed", "layer", "estimator", "n", "value", "null_mean", "images")
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


def draw_panel(axes: Axes, shown: pd.DataFrame, series: Sequence[str], order: Sequence[str]) -> None:
    """Draw the lines of the series and of the null."""
    draw_null(axes, shown, order)
    draw_lines(axes, shown, hue="series", look=Look.of(series), order=order)


def draw_null(axes: Axes, shown: pd.DataFrame, order: Sequence[str]) -> None:
    """Draw the mean similarity under permuted images. It is far from 0 for a biased estimator and wide layers."""
    null = shown.groupby("layer")["null_mean"].mean().reindex(list(order))
    axes.plot(range(len(order)), null, zorder=0.5, label=NULL_LABEL, **NULL)
