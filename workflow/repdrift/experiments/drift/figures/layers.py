"""Figures 3, 4, 5 and the controls: the similarity of every layer, and its distance from 1 on a logarithmic axis."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.figures import style, venue
from repdrift.figures.change import CHANGE, LOG_WORDS, change_label, set_change_axis, with_change
from repdrift.figures.layer_names import MANY
from repdrift.figures.lines import Legends, fit_layer_names, lettered, level
from repdrift.figures.points import draw_points, offsets, shade_every_other, step, t_intervals
from repdrift.figures.style import Look, Strip, mixed
from repdrift.figures.table import footer, ordered
from repdrift.similarity.choice import main_estimator

COLUMNS = ("panel", "series", "seed", "layer", "estimator", "n", "value", "null_mean", "images")
ROW_HEIGHT = 1.45


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column of axes for each panel, a row for each estimator, and a row for 1 - similarity by the main one."""
    table = with_change(table)
    panels, estimators = ordered(table["panel"]), style.biased_first(ordered(table["estimator"]))
    main = main_estimator(estimators)
    rows = [*((estimator, "value") for estimator in estimators), (main, CHANGE)]
    series = {panel: ordered(table.loc[table["panel"] == panel, "series"]) for panel in panels}
    looks = {panel: Look.of(labels, ordered(table["series"])) for panel, labels in series.items()}
    width = venue.double() if len(panels) > 1 else venue.single()
    column_width = (width - 0.55) / venue.across(len(panels))
    with_null = bool(table["null_mean"].notna().any())
    legends = Legends(list(series.values()), width - 0.6, [column_width] * len(panels), with_null, joined=False)
    strip = Strip(legends.lines, style.wrap(f"{footer(table, network)} · {LOG_WORDS}", width - 0.1, style.TINY))
    titles = level(lettered(panels), column_width - 0.1)
    title_height = 0.16 * (titles[0].count("\n") + 1 if any(panels) else 0)
    figure = style.make_figure(width, venue.folds(len(panels)) * (ROW_HEIGHT * len(rows) + title_height + 0.3), strip)
    grid = venue.panels(figure, len(rows), len(panels), sharex=True, sharey="row")
    limits = style.similarity_limits(table["value"], t_intervals(table, ["panel", "series", "layer", "estimator"]))
    order = ordered(table["layer"])
    for row, (estimator, measure) in enumerate(rows):
        shown = table[table["estimator"] == estimator]
        for axes, panel in zip(grid[row], panels, strict=True):
            draw_panel(axes, shown[shown["panel"] == panel], looks[panel], order, measure)
            if measure == CHANGE:
                set_change_axis(axes, shown[CHANGE])
            else:
                style.set_similarity_axis(axes, limits)
        label = style.estimator_label(estimator)
        grid[row, 0].set_ylabel(change_label(label) if measure == CHANGE else label)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    for axes in grid[-1]:
        fit_layer_names(axes, order, column_width)
    figure.align_ylabels()
    legends.write(list(grid[-1]), strip)
    return figure


def draw_panel(axes: Axes, shown: pd.DataFrame, look: Look, order: Sequence[str], measure: str) -> None:
    """Draw the points of the series, and the null of each of them.

    The points of many layers are joined by lines; otherwise the series are drawn side by side.
    """
    joined = len(order) > MANY
    draw_points(
        axes,
        shown,
        x="layer",
        hue="series",
        look=look,
        order=order,
        value=measure,
        joined=joined,
        log=measure == CHANGE,
        scale=0.6 if joined else 1.0,
    )
    if not joined:
        shade_every_other(axes, len(order))
    draw_nulls(axes, shown, look, order, measure, aside=not joined)


def draw_nulls(
    axes: Axes, shown: pd.DataFrame, look: Look, order: Sequence[str], measure: str, *, aside: bool = True
) -> None:
    """Draw the mean similarity under permuted images as a short line at the place of each series.

    It is far from 0 for a biased estimator and wide layers, and it differs between series.
    """
    labels = [label for label in look.colours if (shown["series"] == label).any()]
    half = 0.4 * step(len(labels)) if aside else 0.5
    for label, offset in zip(labels, offsets(len(labels)) if aside else [0.0] * len(labels), strict=True):
        nulls = shown[shown["series"] == label].groupby("layer")["null_mean"].mean().reindex(list(order))
        values = 1 - nulls if measure == CHANGE else nulls
        middle = [place + offset for place in range(len(order))]
        axes.hlines(
            values,
            [place - half for place in middle],
            [place + half for place in middle],
            color=mixed(look.colours[label], "white", 0.35),
            linewidth=0.9,
            zorder=1.5,
        )
