"""What linear probes read from every layer of the networks, for each target."""

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.decodability.tables import (
    ABOVE_CHANCE,
    HELD_OUT,
    KAPPA,
    LEFT,
    PRETRAINED,
    PROBES,
    SERIES,
    SOURCE,
    TARGET,
)
from repdrift.figures import style, venue
from repdrift.figures.grid import Grid
from repdrift.figures.lines import fit_layer_names
from repdrift.figures.points import draw_points, point_handles, seeds_in_words
from repdrift.figures.style import Look
from repdrift.figures.table import ordered, undefined_in_words

COLUMNS = ("images", SERIES, "seed", *PROBES.columns[1:], "value")
# For each row of the figure: the measure, the labels of the probes, the reference, the label of the axis, and the
# places of grey lines.
ROWS = (
    (ABOVE_CHANCE, SOURCE, "", "source labels,\naccuracy above chance", (0,)),
    (ABOVE_CHANCE, TARGET, "", "target labels,\naccuracy above chance", (0,)),
    (LEFT, SOURCE, "", "share of pre-trained\nadvantage that is left", (0, 1)),
    (KAPPA, SOURCE, PRETRAINED, "kappa with\npre-trained", (0,)),
)
GREYS = {"initial": (0.65, 0.65, 0.65), "pre-trained": (0.15, 0.15, 0.15)}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target, and a row for each measure on held-out images. Series are joined over layers."""
    table = table[table["part"] == HELD_OUT]
    targets, series, layers = ordered(table["images"]), ordered(table[SERIES]), ordered(table["layer"])
    shown = [selected(table, measure, labels, reference) for measure, labels, reference, *_ in ROWS]
    undefined = undefined_in_words(pd.concat(shown))
    grid = Grid.of(targets, len(ROWS), series, [seeds_in_words(table), undefined, network])
    look = look_of(series)
    for axes_of_row, rows, (*_, label, levels) in zip(grid.axes, shown, ROWS, strict=True):
        for axes, target in zip(axes_of_row, targets, strict=True):
            for level in levels:
                axes.axhline(level, color="0.88", linewidth=0.6, zorder=0)
            of_target = rows[rows["images"] == target]
            draw_points(axes, of_target, x="layer", hue=SERIES, look=look, order=layers, joined=True)
            fit_layer_names(axes, layers, venue.double() / venue.across(len(targets)) - 0.3)
        axes_of_row[0].set_ylabel(label)
    grid.figure.align_ylabels()
    handles = point_handles(look, venue.double() - 0.6)
    style.legend(grid.axes[-1][0], handles, grid.columns, grid.strip.legend_top)
    return grid.figure


def selected(table: pd.DataFrame, measure: str, labels: str, reference: str) -> pd.DataFrame:
    """Return the rows of a measure of probes for some labels, and with a reference if the measure has one."""
    return table[(table["measure"] == measure) & (table["labels"] == labels) & (table["reference"] == reference)]


def look_of(series: list[str]) -> Look:
    """Colour the degrees of randomness from light to dark, as figure 4 does, and the two references in grey."""
    look = Look.of(series)
    return Look({label: GREYS.get(label, colour) for label, colour in look.colours.items()}, look.markers)
