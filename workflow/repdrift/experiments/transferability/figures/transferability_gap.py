"""T of every fine-tuning against the gap, width and number of images of its target, and regressions on these."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.experiments.transferability.figures.regression_table import HEIGHT, rows_of_a_fit, write_table
from repdrift.experiments.transferability.figures.transferability import infinite_in_words, set_log_axis
from repdrift.experiments.transferability.tables import GAP, TRUE_LABELS, WIDTH, T
from repdrift.figures import style, venue
from repdrift.figures.colours import Colour
from repdrift.figures.scatter import Mean, draw_mean
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = (
    "run", "images", "domain", "seed", "labels", "size", "classes", "gap", "width", "measure", "series", "item",
    "value", "se", "n", "domains",
)  # fmt: skip
SIZE = "size"
AXES = {
    GAP: "gap: squared Fréchet distance",
    WIDTH: "width: trace of the covariance",
    SIZE: "number of images N",
}
DARK = (0.3, 0.3, 0.3)
SCATTER = 2.1  # height in inches
ROOM = 0.5  # inches that the long labels of the axes need


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw T of each fine-tuning against each property, and a table of the regressions below."""
    points = table[table["measure"] == T]
    targets = ordered(points["images"])
    look = Look.of(targets)
    fits = ordered(table.loc[table["series"] != "", "series"])
    count = points["seed"].nunique()
    footer = [
        "1 seed, no interval" if count == 1 else f"{count} seeds, means with 95 % t intervals",
        "regressions of ln T on z-scores: coefficient for the means over seeds ± standard error of a jackknife over "
        "domains; below: mean and 95 % t interval of the coefficients of each seed",
        infinite_in_words(points),
        network,
    ]
    strip = Strip(
        len(targets) + 2 if venue.is_narrow() else 1, style.wrap(joined(footer), venue.double() - 0.1, style.TINY)
    )
    height = HEIGHT * (rows_of_a_fit() * len(fits) + 2)
    above = SCATTER * venue.folds(len(AXES), ROOM)
    figure = style.make_figure(venue.double(), above + height + 0.6, strip)
    grid = figure.add_gridspec(2, 1, height_ratios=[above, height])
    row = venue.panels(figure, 1, len(AXES), sharey=True, beside=ROOM, within=grid[0])[0]
    for index, (axes, (x, label)) in enumerate(zip(row, AXES.items(), strict=True)):
        scatter(axes, points[np.isfinite(points["value"])], x, look)
        axes.set_xlabel(label)
        axes.set_title(style.letter(index))
    row[0].set_ylabel("T, overall")
    axes = figure.add_subplot(grid[1])
    axes.set_axis_off()
    write_table(axes, table, fits)
    handles = [entry(colour, look.markers[target], target) for target, colour in look.colours.items()]
    handles += [entry(DARK, "o", TRUE_LABELS), entry(DARK, "o", "shifted or random labels", filled=False)]
    style.legend(row[0], handles, 1 if venue.is_narrow() else len(handles), strip.legend_top)
    return figure


def scatter(axes: Axes, points: pd.DataFrame, x: str, look: Look) -> None:
    """Draw a point for each fine-tuning, open if labels are not true."""
    axes.axhline(1, color="0.8", linewidth=0.6, zorder=0)
    for _, domain in points.groupby("domain", sort=False):
        target = domain["images"].iloc[0]
        colour, means = look.colours[target], []
        for _, run in domain.groupby("run", sort=False):
            means.append(Mean.of(run["value"], log=True))
            filled = bool((run["labels"] == TRUE_LABELS).all())
            draw_mean(axes, run[x].mean(), means[-1], colour=colour, marker=look.markers[target], filled=filled)
        if x != SIZE:
            join(axes, Mean.of(domain.groupby("seed")[x].first()), means, f"{domain['classes'].iloc[0]:.0f}", colour)
    if x == SIZE:
        set_log_axis(axes, "x")
    set_log_axis(axes, "y")


def join(axes: Axes, across: Mean, means: Sequence[Mean], classes: str, colour: Colour) -> None:
    """Join the points of a domain by a grey line, with the interval of its place and its number of classes above."""
    low, high = min(mean.mean for mean in means), max(mean.mean for mean in means)
    axes.plot([across.mean] * 2, [low, high], color="0.75", linewidth=0.7, zorder=0)
    axes.plot([across.low, across.high], [low, low], color="0.75", linewidth=0.7, zorder=0)
    axes.annotate(
        classes,
        (across.mean, max(mean.high for mean in means)),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=style.TINY,
        color=colour,
        ha="center",
    )


def entry(colour: Colour, marker: str, label: str, *, filled: bool = True) -> Line2D:
    """Make an entry of the legend."""
    return Line2D(
        [],
        [],
        color=colour,
        linestyle="",
        marker=marker,
        markersize=3.6,
        markerfacecolor=colour if filled else "white",
        markeredgewidth=0.8,
        label=label,
    )
