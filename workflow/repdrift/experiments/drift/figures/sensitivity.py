"""The main comparisons under other choices: number of images, estimator, batch normalisation and block order."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.errors import UserError
from repdrift.figures import style
from repdrift.figures.lines import Legends, draw_lines, fit_layer_names, lettered
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import footer, joined, ordered, standard_errors, undefined_in_words

COLUMNS = ("panel", "series", "seed", "layer", "estimator", "n", "bn", "usual", "value", "images")
ROW_HEIGHT, HEADING, TITLE_LINE, NAMES = 1.15, 0.24, 0.14, 0.35  # inches
ABOVE = 0.075  # distance from the axes to the baseline of a heading in inches
MANY = 5  # a choice with more options than this has a wider column
SCALE = 0.8  # factor for line widths and marker sizes, since the axes are small


@dataclass(frozen=True)
class Choice:
    """A choice of measurement: its title, and rows that differ in this choice alone, with the column ``option``."""

    title: str
    rows: pd.DataFrame

    @property
    def options(self) -> list[str]:
        return ordered(self.rows["option"])


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a row of axes for each comparison and a column for each choice that has more than one option."""
    usual = usual_rows(table)
    found = choices(table, usual)
    # A study that tries no other options still shows its own.
    shown = [choice for choice in found if len(choice.options) > 1] or found[:1]
    panels, layers = ordered(table["panel"]), ordered(table["layer"])
    shares = [1.6 if len(choice.options) > MANY else 1.0 for choice in shown]
    widths = [(style.DOUBLE - 0.4) * share / sum(shares) for share in shares]
    titles = [style.wrap(choice.title, width - 0.1, 8) for choice, width in zip(shown, widths, strict=True)]
    legends = Legends([choice.options for choice in shown], style.DOUBLE - 0.6, widths)
    strip = Strip(legends.lines, style.wrap(footer_of(usual, shown, network), style.DOUBLE - 0.1, style.TINY))
    above = TITLE_LINE * (max(title.count("\n") for title in titles) + 1) + HEADING
    height = ROW_HEIGHT * len(panels) + above + NAMES
    figure = style.make_figure(style.DOUBLE, height, strip, above=above, between=HEADING)
    grid = figure.subplots(
        len(panels), len(shown), sharex=True, sharey=True, squeeze=False, gridspec_kw={"width_ratios": shares}
    )
    limits = style.similarity_limits(pd.concat([errors(choice.rows) for choice in shown]))
    for row, panel, name in zip(grid, panels, lettered(panels), strict=True):
        for axes, choice in zip(row, shown, strict=True):
            draw_options(axes, choice.rows[choice.rows["panel"] == panel], choice.options, layers)
            style.set_similarity_axis(axes, limits)
        row[0].set_ylabel("similarity")
        write_above(row[0], name, ABOVE)
    for top, bottom, title in zip(grid[0], grid[-1], titles, strict=True):
        write_above(top, title, HEADING + ABOVE)
        fit_layer_names(bottom, layers, min(widths))
    legends.write(list(grid[-1]), strip)
    return figure


def usual_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the study's own number of images and mode of batch normalisation."""
    usual = table[table["usual"] == 1]
    if usual.empty:
        raise UserError("the table has no row with usual = 1, so there is nothing to compare other choices with")
    return usual


def choices(table: pd.DataFrame, usual: pd.DataFrame) -> list[Choice]:
    """Return all choices that a table can have. Each varies one thing, and the others are as in the study."""
    block, n, bn = (usual[column].iloc[0] for column in ("series", "n", "bn"))
    main = style.main_estimator(ordered(usual["estimator"]))
    first = table[table["series"] == block]
    found = []
    # Only linear CKA has columns for the number of images, since a column for every estimator would be too many.
    estimators = ordered(first["estimator"])
    linear = [name for name in estimators if name.startswith("cka-")]
    for estimator in style.biased_first(linear or estimators):
        rows = first[(first["estimator"] == estimator) & (first["bn"] == bn)].sort_values("n", kind="stable")
        title = f"number of images, {style.estimator_label(estimator)}"
        found.append(Choice(title, rows.assign(option=[f"n = {count:,.0f}" for count in rows["n"]])))
    rows = usual[usual["series"] == block]
    found.append(Choice("estimator", rows.assign(option=rows["estimator"].map(style.estimator_label))))
    rows = first[(first["estimator"] == main) & (first["n"] == n)]
    found.append(Choice("batch normalisation", rows.assign(option=rows["bn"])))
    rows = usual[usual["estimator"] == main]
    found.append(Choice("order in a block", rows.assign(option=rows["series"])))
    return found


def errors(rows: pd.DataFrame) -> pd.DataFrame:
    return standard_errors(rows, ["panel", "option", "layer"])


def footer_of(usual: pd.DataFrame, shown: Sequence[Choice], network: str) -> str:
    """Return the text of the footer, which names the study's own choices. They hold in columns that vary another."""
    drawn = pd.concat([choice.rows for choice in shown])
    main = style.estimator_label(style.main_estimator(ordered(usual["estimator"])))
    return joined(
        [
            footer(usual.dropna(subset="value"), network),
            f"batch normalisation: {usual['bn'].iloc[0]}",
            main,
            "each column varies one of these",
            undefined_in_words(drawn[~drawn.index.duplicated()]),
        ]
    )


def draw_options(axes: Axes, rows: pd.DataFrame, options: Sequence[str], layers: Sequence[str]) -> None:
    """Draw a line for each option of a choice in one comparison."""
    if rows["value"].isna().all():
        style.say_not_measured(axes)
        return
    draw_lines(axes, rows, hue="option", look=Look.of(options), order=layers, scale=SCALE)


def write_above(axes: Axes, text: str, inches: float) -> None:
    """Write a text some inches above the axes, starting at their left edge.

    The text may reach over the neighbouring axes. It is no title, since the layout would widen the column for that.
    """
    written = axes.annotate(
        text, (0, 1), (0, 72 * inches), xycoords="axes fraction", textcoords="offset points", va="baseline"
    )
    written.set_in_layout(False)
