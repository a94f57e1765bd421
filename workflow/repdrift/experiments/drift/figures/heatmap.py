"""Heatmaps of the similarity of every layer with every layer, within a network and between two networks."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.claims.rule import CONFIDENCE
from repdrift.figures import style, venue
from repdrift.figures.cells import draw_cells, draw_colour_bar, fitting, two_decimals
from repdrift.figures.layer_names import shown_places
from repdrift.figures.lines import fit_layer_names, layer_names_fit, lettered, level, longest
from repdrift.figures.points import t_intervals
from repdrift.figures.style import Strip
from repdrift.figures.table import footer, ordered
from repdrift.similarity.choice import main_estimator

COLUMNS = ("panel", "series", "seed", "layer", "reference_layer", "estimator", "n", "value", "images")
ACROSS = 4  # number of panels in a row
SIDES = "rows: layers of the network named first; columns: layers of the network named last"
BAR_WIDTH, TITLE_LINE, GAP = 0.6, 0.14, 0.12  # inches; the width of the colour bar includes its label


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a heatmap for each panel by one estimator, with one colour bar for all."""
    estimator = main_estimator(ordered(table["estimator"]))
    table = table[table["estimator"] == estimator]
    cells = t_intervals(table, ["panel", "layer", "reference_layer"])
    panels, layers, references = (ordered(table[column]) for column in ("panel", "layer", "reference_layer"))
    width = venue.double() if len(panels) > 2 else venue.single()
    across = min(2 if venue.is_narrow() else ACROSS, len(panels))
    side = panel_width((width - longest(layers) - BAR_WIDTH) / across, references)
    named = lettered(panels)
    room = 0.9 * side if venue.is_narrow() else side
    titles = [title for first in range(0, len(named), across) for title in level(named[first : first + across], room)]
    strip = Strip(0, style.wrap(f"{footer(table, network, errors(cells))} · {SIDES}", width - 0.1, style.TINY))
    height = side * len(layers) / len(references)
    rows_with_names = 1 if len(panels) % across == 0 else 2  # layer names stand below the last heatmap of each column
    axes_height = grid_height(titles, across, height) + rows_with_names * names_height(references, side)
    figure = style.make_figure(width, axes_height, strip, between=GAP, square=True)
    points = fitting([two_decimals(value) for value in cells["mean"]], side / len(references))
    grid = figure.add_gridspec(math.ceil(len(panels) / across), across)
    for index, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        axes = figure.add_subplot(grid[index // across, index % across])
        draw_cells(axes, cells["mean"][panel].unstack().reindex(index=layers, columns=references), points)
        axes.set_title(title)
        name_layers(axes, left=index % across == 0, bottom=index + across >= len(panels), width=side)
    draw_colour_bar(figure, style.estimator_label(estimator), lowest=cells["mean"].min())
    return figure


def errors(cells: pd.DataFrame) -> str:
    """Return the part of the footer that tells what the cells show, and the longest of their intervals."""
    half = ((cells["high"] - cells["low"]) / 2).max()
    return f"means over seeds, the widest {CONFIDENCE:.0%} interval of a cell is \u00b1 {half:.3f}"


def panel_width(column: float, references: Sequence[str]) -> float:
    """Return the width in inches of a heatmap in a column of the grid. Turned layer names need space left of it."""
    side = column - GAP
    half_a_cell = side / len(references) / 2
    return side if layer_names_fit(references, side) else column - max(GAP, slanted(references) - half_a_cell)


def names_height(references: Sequence[str], side: float) -> float:
    return 0.15 if layer_names_fit(references, side) else slanted(references)


def slanted(names: Sequence[str]) -> float:
    """Return the width, which is also the height, in inches of the longest name turned by 45 degrees."""
    return (longest(names) + style.SMALL / 72) / math.sqrt(2)


def grid_height(titles: Sequence[str], across: int, panel: float) -> float:
    """Return the height in inches of all axes with their titles."""
    rows = [titles[first : first + across] for first in range(0, len(titles), across)]
    lines = sum(max(title.count("\n") + 1 for title in row) for row in rows)
    return len(rows) * (panel + GAP + 0.08) + lines * TITLE_LINE


def name_layers(axes: Axes, *, left: bool, bottom: bool, width: float) -> None:
    """Show the layer names at the left and lower edges of the grid only."""
    axes.tick_params(length=0, pad=2, rotation=0)
    if bottom:
        fit_layer_names(axes, [label.get_text() for label in axes.get_xticklabels()], width)
    names = [label.get_text() for label in axes.get_yticklabels()]
    places = shown_places(len(names), width)
    if len(places) < len(names):
        axes.set_yticks([place + 0.5 for place in places], [names[place] for place in places])
    axes.tick_params(labelleft=left, labelbottom=bottom)
