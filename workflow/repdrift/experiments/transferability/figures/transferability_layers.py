"""T of each layer for every target and kind of labels, and two controls."""

from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from repdrift.experiments.transferability.figures.transferability import (
    PRETRAINED,
    draw_t,
    in_group,
    infinite_in_words,
)
from repdrift.experiments.transferability.tables import HEAD, OVERALL, T_BY_L2, TUNED, T
from repdrift.figures import style, venue
from repdrift.figures.grid import Grid
from repdrift.figures.lines import fit_layer_names
from repdrift.figures.points import point_handles, seeds_in_words
from repdrift.figures.style import Look
from repdrift.figures.table import ordered

COLUMNS = ("images", "seed", "labels", "network", "groups", "reference", "measure", "item", "value")
# For each row of the figure: the measure, whether it shows the controls or the fine-tunings, and the label.
ROWS = (
    (T, False, "T, mean\nabsolute difference"),
    (T_BY_L2, False, "T, Euclidean\ndistance"),
    (T, True, "T of controls, mean\nabsolute difference"),
)
INDEPENDENT, SCRATCH = "control: independent start", "control: trained from scratch"


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each target. The rows show T by both distances, and then T of the controls."""
    table = chosen(table[table["measure"].isin([measure for measure, *_ in ROWS])])
    targets, series = ordered(table["images"]), ordered(table["series"])
    items = [*(item for item in ordered(table["item"]) if item not in (OVERALL, HEAD)), OVERALL, HEAD]
    footer = [seeds_in_words(table), infinite_in_words(table), network]
    grid = Grid.of(targets, len(ROWS), series, footer)
    grid = replace(grid, look=look_of(series))
    for row, (measure, controls, label) in enumerate(ROWS):
        of_row = table[(table["measure"] == measure) & (table["control"] == controls)]
        for axes, target in zip(grid.axes[row], targets, strict=True):
            draw_t(axes, of_row[of_row["images"] == target], x="item", order=items, look=grid.look, hue="series")
            fit_layer_names(axes, items, venue.double() / venue.across(len(targets)) - 0.3)
        grid.axes[row][0].set_ylabel(label)
    handles = point_handles(grid.look, venue.double() - 0.6)
    style.legend(grid.axes[-1][0], handles, grid.columns, grid.strip.legend_top)
    return grid.figure


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of whole targets with the added columns ``series`` and ``control``. Controls come last."""
    whole = table["groups"].eq("") | in_group(table["groups"], "target") | in_group(table["groups"], "scratch")
    tuned, started = table["network"] == TUNED, table["reference"] == PRETRAINED
    series = table["labels"].where(tuned & started)
    series = series.mask(tuned & ~started & in_group(table["groups"], "target"), INDEPENDENT)
    series = series.mask(in_group(table["groups"], "scratch") & started, SCRATCH)
    found = table.assign(series=series, control=series.isin([INDEPENDENT, SCRATCH]))[whole & series.notna()]
    return found.sort_values("control", kind="stable")


def look_of(series: list[str]) -> Look:
    """Colour labels as figure 4 does, and controls in grey."""
    colours = Look.of(series).colours | {INDEPENDENT: (0.7, 0.7, 0.7), SCRATCH: (0.45, 0.45, 0.45)}
    return Look({label: colours[label] for label in series}, Look.of(series).markers)
