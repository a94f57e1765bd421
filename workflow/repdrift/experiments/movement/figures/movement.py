"""How far training moves each part, and the change of each layer at equal relative sizes and along the training."""

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repdrift.experiments.movement.tables import DONE, EQUAL, MOVEMENT, SIZE, TRAINING, WHOLE
from repdrift.figures import style, venue
from repdrift.figures.change import CHANGE, LOG_WORDS, change_label, set_change_axis, set_log_axis, with_change
from repdrift.figures.colours import LAYERS, SIZES, sequential
from repdrift.figures.grid import Grid
from repdrift.figures.lines import fit_layer_names
from repdrift.figures.points import draw_points, seeds_in_words
from repdrift.figures.style import Look
from repdrift.figures.table import ordered
from repdrift.similarity.choice import main_estimator

COLUMNS = ("images", "probe", "labels", "seed", *MOVEMENT.columns, "value")
PRETRAINING = "source"  # the probe of pre-training
WHOLE_CHANGE = "all of the change by training"


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a column for each training. The rows show sizes, changes at equal sizes, and changes along the training."""
    table = with_series(shown_trainings(table))
    sizes = table[(table["measure"] == SIZE) & (table["item"] != WHOLE)]
    along = with_change(table[table["path"] != ""])
    estimator = main_estimator(ordered(along["measure"]))
    along = along[along["measure"] == estimator]
    look, titles = look_of(along), ordered(table["training"])
    footer = [seeds_in_words(table), LOG_WORDS, *left_out(sizes, along), network]
    grid = replace(Grid.of(titles, 3, list(look.colours), footer), look=look)
    rows = (
        (sizes, "value", "movement of weights\nin training"),
        (along[along["at_equal_size"]], CHANGE, f"{change_label(style.estimator_label(estimator))}\nat equal sizes"),
        (along[along["in_training"]], CHANGE, f"{change_label(style.estimator_label(estimator))}\nalong training"),
    )
    for axes, (found, column, label) in zip(grid.axes, rows, strict=True):
        positive = found.assign(**{column: found[column].where(found[column] > 0)})
        order = ordered(found["item"])
        for panel, title in zip(axes, titles, strict=True):
            draw_points(
                panel, positive[positive["training"] == title],
                x="item", order=order, hue="series", look=look, value=column, joined=True, log=True, scale=0.75,
            )  # fmt: skip
            set_axis(panel, found[column], column)
            fit_layer_names(panel, order, (venue.double() - 0.6) / venue.across(len(titles)))
        axes[0].set_ylabel(label)
    grid.figure.align_ylabels()
    grid.legend()
    return grid.figure


def shown_trainings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the trainings on the least and, for targets, on the most random labels, with the column ``training``."""
    parts = []
    for probe, rows in table.groupby("probe", sort=False):
        labels = ordered(rows["labels"])
        wanted = labels[:1] if probe == PRETRAINING else dict.fromkeys([labels[0], labels[-1]])
        for each in wanted:
            chosen = rows[rows["labels"] == each]
            images = "pre-training" if probe == PRETRAINING else str(rows["images"].iloc[0])
            parts.append(chosen.assign(training=f"{images}, {each}"))
    return pd.concat(parts, ignore_index=True)


def with_series(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the column ``series``, and with two columns that tell which row of the figure shows it.

    All of the change by training is shown in both rows of changes, and none of it in neither.
    """
    at = table["at"].map("{:g}".format)
    equal, training = table["path"] == EQUAL, table["path"] == TRAINING
    done = training & (table["at"] == DONE)
    series = ("size " + at).where(equal, ("share " + at).where(training & ~done, WHOLE_CHANGE))
    return table.assign(series=series, at_equal_size=equal | done, in_training=training & (table["at"] > 0))


def look_of(along: pd.DataFrame) -> Look:
    """Colour sizes and shares from light to dark, with a palette and a marker for each, and all of the change black."""
    shown = along[along["at_equal_size"] | along["in_training"]].sort_values("at")
    sizes, shares = (ordered(shown.loc[shown["path"] == path, "series"]) for path in (EQUAL, TRAINING))
    shares = [share for share in shares if share != WHOLE_CHANGE]
    colours = {WHOLE_CHANGE: (0.0, 0.0, 0.0), **sequential(sizes, SIZES)}
    colours |= sequential(shares, LAYERS) if shares else {}
    return Look(colours, {WHOLE_CHANGE: "o", **dict.fromkeys(sizes, "s"), **dict.fromkeys(shares, "D")})


def left_out(sizes: pd.DataFrame, along: pd.DataFrame) -> list[str]:
    """Return the parts of the footer that tell which parts stay and how many changes a logarithmic axis leaves out."""
    staying = sizes[~sizes["value"].between(0, float("inf"), inclusive="neither")].drop_duplicates(["training", "item"])
    none = int((along[along["at_equal_size"] | along["in_training"]][CHANGE] <= 0).sum())
    return [
        f"{len(staying)} parts stay, see the caption" if len(staying) else "",
        f"{none} changes of at most 0 left out" if none else "",
    ]


def set_axis(axes: Axes, values: "pd.Series[float]", column: str) -> None:
    """Make the y axis logarithmic, with the same limits for all trainings."""
    if column == CHANGE:
        set_change_axis(axes, values)
        return
    known = values[values.between(0, float("inf"), inclusive="neither")]
    set_log_axis(axes, known.min() / 1.4 if len(known) else 0.1, known.max() * 1.25 if len(known) else 1.0)
