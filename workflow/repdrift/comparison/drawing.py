"""The heatmap of a comparison. It needs seaborn."""

import math

import pandas as pd
from matplotlib.figure import Figure

from repdrift.figures import DOLLAR, lay_out, style
from repdrift.figures.cells import UNIT, draw_cells, draw_colour_bar, fitting, two_decimals
from repdrift.figures.lines import fit_layer_names, layer_names_fit, longest
from repdrift.figures.style import Strip

CELL = 0.36  # inches, in which a value such as .97 is legible
WIDEST = 6.0  # inches of all cells together
BESIDE = 1.2  # inches of the label of the rows, and of the colour bar with its label
ROUNDING = 1e-6  # by which the similarity of equal layers may be above 1


def draw(table: pd.DataFrame, estimator: str, names: tuple[str, str]) -> Figure:
    """Draw the values of one estimator: rows are layers of the first network, and columns of the second.

    Parameters
    ----------
    table : DataFrame
        That of a `repdrift.comparison.comparison.Comparison`, with the rows of this estimator only.
    estimator : str
    names : (str, str)
        The names of the two networks.
    """
    rows, columns = (list(dict.fromkeys(table[side])) for side in ("first", "second"))
    values = table.pivot(index="first", columns="second", values="value").reindex(index=rows, columns=columns)
    cell = min(CELL, WIDEST / max(len(rows), len(columns)))
    below = 0.2 if layer_names_fit(columns, cell * len(columns)) else longest(columns) / math.sqrt(2)
    width = cell * len(columns) + longest(rows) + BESIDE
    strip = Strip(0, f"{table['n'].iloc[0]:,} images")
    lowest, highest = float(table["value"].min()), float(table["value"].max())
    # The estimators that have names are at most 1. A user's own may have any range.
    limits = UNIT if lowest >= -1 and highest <= 1 + ROUNDING else (lowest, highest)
    written = [two_decimals(value) for value in table["value"].dropna()]
    with style.applied():
        figure = style.make_figure(width, cell * len(rows) + below + 0.4, strip, square=True)
        axes = figure.subplots()
        draw_cells(axes, values, fitting(written, cell), limits)
        axes.tick_params(length=0, pad=2, rotation=0)
        fit_layer_names(axes, columns, cell * len(columns))
        axes.set(ylabel=_literal(names[0]), xlabel=_literal(names[1]))
        draw_colour_bar(figure, _literal(style.estimator_label(estimator)), lowest, limits)
        lay_out(figure)
    return figure


def _literal(text: str) -> str:
    """Return a text that matplotlib draws as it is; it takes what is between two dollars as a formula."""
    return DOLLAR.sub(r"\\$", text)
