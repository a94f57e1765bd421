"""The main comparisons under other choices of measurement, one choice in each row of axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.errors import UserError
from repdrift.figures import style, venue
from repdrift.figures.lines import NULL, fit_layer_names, lettered, level, null_handle
from repdrift.figures.points import draw_points, t_intervals
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, joined, ordered, undefined_in_words
from repdrift.similarity.choice import main_estimator

COLUMNS = (
    "panel", "series", "seed", "layer", "estimator", "n", "bn", "sample", "usual", "value", "null_mean", "images",
)  # fmt: skip
REDUCE = "reduce"  # a column of studies that try several reductions of layers
HEIGHT, NAMES, TITLE_LINE = 0.86, 0.3, 0.14  # inches
NAME, LEGEND = 0.62, 1.2  # widths in inches of the names of the choices and of the legends
NARROW_NAME = 0.2  # in narrow figures, a panel may be a little narrower than others
SCALE = 0.7  # factor for line widths and marker sizes, since the axes are small
FAMILIES = {  # of estimators, by the beginnings of their names; too many lines would hide each other
    "linear CKA": ("cka", "minibatch"),
    "RBF CKA and RSA": ("rbf", "rsa"),
    "others": ("",),
}


@dataclass(frozen=True)
class Choice:
    """A choice of measurement: its name, and rows that differ in this choice alone, with the column ``option``."""

    name: str
    rows: pd.DataFrame

    @property
    def options(self) -> list[str]:
        return ordered(self.rows["option"])


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column of axes for each comparison and a row for each choice that has more than one option."""
    usual = usual_rows(table)
    found = choices(table, usual)
    # A study that tries no other options still shows its own.
    shown = [choice for choice in found if len(choice.options) > 1] or found[:1]
    panels, layers = ordered(table["panel"]), ordered(table["layer"])
    # In a narrow figure, the legends stand below all axes, where they take lines of the strip.
    beside, room = (NARROW_NAME, 0.0) if venue.is_narrow() else (NAME, LEGEND)
    width = (venue.double() - beside - room) / venue.across(len(panels), beside)
    titles = level(lettered(panels), width - 0.08, style.SMALL)
    above = TITLE_LINE * (titles[0].count("\n") + 1)
    legends = legends_below(shown) if venue.is_narrow() else []
    text = style.wrap(footer_of(usual, shown, network), venue.double() - 0.1, style.TINY)
    strip = Strip(sum(lines for *_, lines in legends), text)
    height = venue.folds(len(panels), beside) * (HEIGHT * len(shown) + above + NAMES)
    figure = style.make_figure(venue.double(), height, strip, right=room)
    grid = venue.panels(figure, len(shown), len(panels), sharex=True, sharey=True, beside=beside)
    drawn = pd.concat([choice.rows for choice in shown])
    limits = style.similarity_limits(drawn["value"], errors(shown))
    for row, choice in zip(grid, shown, strict=True):
        look = Look.of(choice.options)
        for axes, panel in zip(row, panels, strict=True):
            draw_options(axes, choice.rows[choice.rows["panel"] == panel], look, layers)
            style.set_similarity_axis(axes, limits)
        row[0].set_ylabel(style.wrap(choice.name, HEIGHT - 0.05, style.SMALL), fontsize=style.SMALL)
        if not legends:
            write_legend(row[-1], look, with_null=bool(choice.rows["null_mean"].notna().any()) and choice is shown[0])
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=style.SMALL)
    for axes in grid[-1]:
        fit_layer_names(axes, layers, width)
    top = strip.legend_top
    for handles, columns, lines in legends:
        style.legend(grid[-1][0], handles, columns, top)
        top -= Strip.LINE * lines
    figure.align_ylabels()
    return figure


def legends_below(shown: Sequence[Choice]) -> list[tuple[list[Artist], int, int]]:
    """Return the legend of each choice for a narrow figure: its entries, its columns and its lines.

    The first entry is the name of the choice. That of the null stands in the legend of the first choice.
    """
    found = []
    for choice in shown:
        name = Line2D([], [], linestyle="none", label=f"{choice.name}:")
        null = [null_handle()] if choice is shown[0] and choice.rows["null_mean"].notna().any() else []
        handles = [name, *Look.of(choice.options).handles(venue.double()), *null]
        columns = style.legend_columns([str(handle.get_label()) for handle in handles], venue.double() - 0.7)
        found.append((handles, columns, math.ceil(len(handles) / columns)))
    return found


def usual_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the study's own images and mode of batch normalisation."""
    usual = table[table["usual"] == 1]
    if usual.empty:
        raise UserError("the table has no row with usual = 1, so there is nothing to compare other choices with")
    return usual


def choices(table: pd.DataFrame, usual: pd.DataFrame) -> list[Choice]:
    """Return all choices that a table can have. Each varies one thing, and the others are as in the study."""
    own, n, bn, sample = (usual[column].iloc[0] for column in ("series", "n", "bn", "sample"))
    main = main_estimator(ordered(usual["estimator"]))
    every = table
    if REDUCE in table:
        table = table[table[REDUCE] == usual[REDUCE].iloc[0]]
    own_images = table[(table["series"] == own) & (table["sample"] == sample)]
    found = []
    # Only linear CKA has rows for the number of images, since a row for every estimator would be too many.
    estimators = ordered(own_images["estimator"])
    linear = [name for name in estimators if name.startswith("cka-")]
    for estimator in style.biased_first(linear or estimators):
        rows = own_images[(own_images["estimator"] == estimator) & (own_images["bn"] == bn)]
        rows = rows.sort_values("n", kind="stable")
        name = f"images, {style.estimator_label(estimator)}"
        found.append(Choice(name, rows.assign(option=[f"n = {count:,.0f}" for count in rows["n"]])))
    rows = usual[usual["series"] == own]
    rows = rows.assign(option=rows["estimator"].map(style.estimator_label), family=rows["estimator"].map(family))
    found += [Choice(name, rows[rows["family"] == name]) for name in FAMILIES if (rows["family"] == name).any()]
    rows = table[(table["series"] == own) & (table["estimator"] == main) & (table["n"] == n) & (table["bn"] == bn)]
    found.append(Choice("sample of images", rows.assign(option=[f"sample {number:.0f}" for number in rows["sample"]])))
    rows = own_images[(own_images["estimator"] == main) & (own_images["n"] == n)]
    found.append(Choice("batch norm.", rows.assign(option=rows["bn"])))
    if REDUCE in every:
        alike = (every["series"] == own) & (every["sample"] == sample) & (every["n"] == n) & (every["bn"] == bn)
        rows = every[alike & (every["estimator"] == main)]
        found.append(Choice("reduction of layers", rows.assign(option=rows[REDUCE])))
    rows = usual[usual["estimator"] == main]
    found.append(Choice("network", rows.assign(option=rows["series"])))
    return found


def family(estimator: str) -> str:
    """Return the name of the family of an estimator."""
    return next(name for name, beginnings in FAMILIES.items() if estimator.startswith(beginnings))


def errors(shown: Sequence[Choice]) -> pd.DataFrame:
    return pd.concat([t_intervals(choice.rows, ["panel", "option", "layer"]) for choice in shown])


def footer_of(usual: pd.DataFrame, shown: Sequence[Choice], network: str) -> str:
    """Return the text of the footer, which names the study's own choices. They hold in rows that vary another."""
    drawn = pd.concat([choice.rows for choice in shown])
    main = style.estimator_label(main_estimator(ordered(usual["estimator"])))
    return joined(
        [
            footer(usual.dropna(subset="value"), network),
            f"batch normalisation: {usual['bn'].iloc[0]}",
            f"layers reduced by: {usual[REDUCE].iloc[0]}" if REDUCE in usual else "",
            main,
            "each row varies one of these",
            undefined_in_words(drawn[~drawn.index.duplicated()]),
        ]
    )


def draw_options(axes: Axes, rows: pd.DataFrame, look: Look, layers: Sequence[str]) -> None:
    """Draw a line for each option of a choice in one comparison, and the similarity of unrelated images beside it."""
    if rows["value"].isna().all():
        style.say_not_measured(axes)
        return
    draw_points(axes, rows, x="layer", hue="option", look=look, order=layers, joined=True, scale=SCALE)
    nulls = rows.groupby(["option", "layer"], sort=False)["null_mean"].mean()
    for option in ordered(rows["option"]):
        thin: dict[str, Any] = NULL | {"color": look.colours[option], "linewidth": 0.6, "zorder": 0.5}
        axes.plot(range(len(layers)), nulls.loc[option].reindex(list(layers)), **thin)


def write_legend(axes: Axes, look: Look, *, with_null: bool) -> None:
    """Write the options of a choice to the right of its axes, and the entry of the null below those of the first."""
    handles = look.handles(LEGEND, style.TINY) + ([null_handle()] if with_null else [])
    legend = axes.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(1.03, 0.5),
        fontsize=style.TINY,
        handlelength=1.6,
        handletextpad=0.4,
        borderaxespad=0,
        borderpad=0,
        labelspacing=0.3,
    )
    legend.set_in_layout(False)
