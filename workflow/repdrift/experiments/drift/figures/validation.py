"""The study's numbers beside the authors': a row for each training and a column for each measure."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from repdrift.claims.verdict import seeds_in_words
from repdrift.figures import style, venue, verdicts
from repdrift.figures.table import joined, ordered

COLUMNS = ("phase", "dataset", "labels", "images", "measure", "mean", "published", "seeds", "errors", "same_images")
ROW, HEAD = 0.27, 0.25  # heights in inches
LINE = 0.15  # height in inches of a label above its cells
GAP = 0.008  # inches around each cell
LABEL = 2.35  # width of the labels in inches
LARGE = 4.0  # combined standard errors at which the colour is strongest
COLOURS = LinearSegmentedColormap.from_list("differences", ["#2b6ca8", "white", "#c4510c"])
NAMES = {"test_accuracy": "test (%)", "train_accuracy": "training (%)", "train_loss": "loss"}


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw a cell for each number that both have, coloured by the difference in combined standard errors."""
    measures = ordered(table["measure"])
    trainings = table[["phase", "dataset", "labels", "images", "same_images"]].drop_duplicates()
    strip = style.Strip(0, style.wrap(footer(table, network), venue.double() - 0.1, style.TINY))
    row = ROW + (LINE if venue.is_narrow() else 0.0)  # the label of a narrow figure stands above its cells
    height = len(trainings) * row
    label_width = verdicts.LEFT if venue.is_narrow() else LABEL
    head = HEAD + (LINE if venue.is_narrow() else 0.0)
    figure = style.make_figure(venue.double(), head + height, strip)
    axes = verdicts.canvas(figure, height, head)
    column = (venue.double() - label_width - verdicts.LEFT) / len(measures)
    for place, measure in enumerate(measures):
        heading, middle = NAMES.get(measure, measure), label_width + (place + 0.5) * column
        heading = style.wrap(heading, column, style.TINY) if venue.is_narrow() else heading
        points = style.TINY if venue.is_narrow() else style.SMALL
        axes.text(middle, head - 0.08, heading, ha="center", va="bottom", fontsize=points)
    for number, one in enumerate(records(trainings)):
        top = head + number * row
        if venue.is_narrow():
            axes.text(verdicts.LEFT, top + LINE, label(one), va="bottom", fontsize=style.SMALL)
            top += LINE
        else:
            axes.text(verdicts.LEFT, top + ROW / 2, label(one), va="center")
        same = np.logical_and.reduce([table[key] == one[key] for key in ("phase", "dataset", "labels", "images")])
        for cell in records(table[same]):
            left = label_width + measures.index(str(cell["measure"])) * column
            draw_cell(axes, cell, (left, top), column)
    return figure


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as mappings."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def label(one: dict[str, object]) -> str:
    """Return the name of a training, with an asterisk if its images are not those of the authors."""
    phase = "from scratch" if one["phase"] == "scratch" else "fine-tuned"
    labels = str(one["labels"]).replace("random ", "d = ").replace("shift", "shifted")
    dataset = {"cifar10": "CIFAR-10", "svhn": "SVHN"}.get(str(one["dataset"]), str(one["dataset"]))
    star = "" if one["same_images"] else "*"
    return f"{phase}, {dataset}{star}, {labels}, N = {int(str(one['images'])):,}"


def draw_cell(axes: Axes, row: dict[str, object], place: tuple[float, float], width: float) -> None:
    """Draw our mean and the difference, or the authors' mean if a single seed has no standard error.

    `place` is the upper left corner in inches.
    """
    left, top = place
    errors = float(str(row["errors"]))
    strength = 0.0 if np.isnan(errors) else float(np.clip(errors / LARGE, -1, 1))
    colour = COLOURS(0.5 + strength / 2)
    verdicts.cell(axes, (left + GAP, top + GAP), width - 2 * GAP, ROW - 2 * GAP, colour)
    mean, published = float(str(row["mean"])), float(str(row["published"]))
    digits = 1 if str(row["measure"]).endswith("accuracy") else 3
    ink = "white" if abs(strength) > 0.7 else "0.1"
    beside = f"({published:.{digits}f})" if np.isnan(errors) else f"{errors:+z.1f}".replace("-", "\u2212")
    text = f"{mean:.{digits}f}\n{beside}"
    axes.text(left + width / 2, top + ROW / 2, text, ha="center", va="center", fontsize=style.TINY, color=ink)


def footer(table: pd.DataFrame, network: str) -> str:
    """Return the text of the footer, which summarises the differences on the same images."""
    same = table[(table["same_images"] == 1) & table["errors"].notna()]
    seeds = int(table["seeds"].max())
    summary = ""
    if len(same):
        sizes = same["errors"].abs()
        rms = float(np.sqrt((sizes**2).mean()))
        summary = (
            f"{len(same)} numbers on the same images: mean absolute difference {sizes.mean():.2f}, root mean square "
            f"{rms:.2f}, largest {sizes.max():.1f} combined standard errors"
        )
    alone = "in parentheses, the authors' mean" if table["errors"].isna().any() else ""
    return joined([f"{seeds_in_words(seeds)} here, 5 seeds of the authors", alone, summary, network])
