"""T of every fine-tuning against the gap, width and number of images of its target, and regressions on these."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from repdrift.experiments.transferability.figures.transferability import infinite_in_words, set_log_axis
from repdrift.experiments.transferability.tables import COEFFICIENT, COEFFICIENT_OF_MEANS, T
from repdrift.figures import style
from repdrift.figures.grid import seeds
from repdrift.figures.style import Look, Strip
from repdrift.figures.table import joined, ordered

COLUMNS = (
    "run", "images", "seed", "labels", "size", "gap", "width", "measure", "series", "item", "value", "se", "n",
)  # fmt: skip
AXES = {
    "gap": "gap: squared Fréchet distance",
    "width": "width: trace of the covariance",
    "size": "number of images N",
}
PREDICTORS = {"gap": "gap", "width": "width", "ln N": "ln N", "ln steps": "ln steps", "R²": "R²"}
TRUE = "true labels"
DARK = (0.3, 0.3, 0.3)
SCATTER, LINE = 1.9, 0.17  # heights in inches

Colour = tuple[float, float, float]


def draw(table: pd.DataFrame, network: str) -> Figure:
    """Draw the mean T over seeds of each fine-tuning against each property, and a table of the regressions below."""
    points = table[table["measure"] == T]
    means = points.groupby("run", sort=False).agg(
        {"images": "first", "labels": "first", "size": "first", "gap": "mean", "width": "mean", "value": "mean"}
    )
    targets = ordered(means["images"])
    look = Look.of(targets)
    fits = ordered(table.loc[table["series"] != "", "series"])
    footer = [
        seeds(points).replace("mean ± SE", "means"),
        "regressions of ln T on z-scores over n fine-tunings: coefficient ± standard error for the means over seeds; "
        "in brackets: mean ± SE over seeds of the coefficients of each seed",
        infinite_in_words(points),
        network,
    ]
    strip = Strip(1, style.wrap(joined(footer), style.DOUBLE - 0.1, style.TINY))
    height = LINE * (2 * len(fits) + 2)
    figure = style.make_figure(style.DOUBLE, SCATTER + height + 0.6, strip)
    grid = figure.add_gridspec(2, 1, height_ratios=[SCATTER, height])
    row = grid[0].subgridspec(1, len(AXES)).subplots(sharey=True, squeeze=False)[0]
    for index, (axes, (x, label)) in enumerate(zip(row, AXES.items(), strict=True)):
        scatter(axes, means[np.isfinite(means["value"])], x, look)
        axes.set_xlabel(label)
        axes.set_title(style.letter(index))
    row[0].set_ylabel("T, overall")
    axes = figure.add_subplot(grid[1])
    axes.set_axis_off()
    write_table(axes, [header(), *(line for fit in fits for line in lines(table[table["series"] == fit], fit))])
    handles = [point(colour, look.markers[target], label=target) for target, colour in look.colours.items()]
    handles += [point(DARK, "o", label=TRUE), point(DARK, "o", filled=False, label="shifted or random labels")]
    style.legend(row[0], handles, len(handles), strip.legend_top)
    return figure


def scatter(axes: Axes, means: pd.DataFrame, x: str, look: Look) -> None:
    """Draw a point for each fine-tuning. Its colour is that of the target, and it is open if labels are not true."""
    for target, colour in look.colours.items():
        for true in (True, False):
            shown = means[(means["images"] == target) & ((means["labels"] == TRUE) == true)]
            axes.add_line(
                point(colour, look.markers[target], filled=true, x=shown[x].to_list(), y=shown["value"].to_list())
            )
    axes.autoscale_view()
    axes.axhline(1, color="0.8", linewidth=0.6, zorder=0)
    if x == "size":
        set_log_axis(axes, "x", (1.0, 3.0))
    set_log_axis(axes, "y")


def point(
    colour: Colour,
    marker: str,
    *,
    x: Sequence[float] = (),
    y: Sequence[float] = (),
    filled: bool = True,
    label: str = "",
) -> Line2D:
    """Make the points of a scatter plot, or an entry of its legend."""
    return Line2D(
        x,
        y,
        color=colour,
        linestyle="",
        marker=marker,
        markersize=3.6,
        markerfacecolor=colour if filled else "white",
        markeredgewidth=0.8,
        label=label,
    )


Line = list[str]


def header() -> Line:
    return ["regression of ln T", "n", *PREDICTORS]


def lines(rows: pd.DataFrame, fit: str) -> list[Line]:
    """Return two lines of the table for a regression: the coefficients of means, and the means of coefficients."""
    means = rows[rows["measure"] == COEFFICIENT_OF_MEANS]
    each = rows[rows["measure"] == COEFFICIENT].groupby("item")["value"]
    of_means = {row["item"]: with_error(row["value"], row["se"]) for row in means.to_dict("records")}
    mean, error = each.mean().to_dict(), each.sem().to_dict()
    of_each = {item: f"({with_error(mean[item], error[item])})" for item in mean}
    count = f"{means['n'].iloc[0]:.0f}"
    return [
        [fit, count, *(of_means.get(name, "") for name in PREDICTORS)],
        ["", "", *(of_each.get(name, "") for name in PREDICTORS)],
    ]


def with_error(value: float, error: float) -> str:
    """Write a number with its standard error, or a dash if the number is not determined."""
    if np.isnan(value):
        return "\u2013"
    text = f"{value:z.2f}".replace("-", "\u2212")
    return text if np.isnan(error) else f"{text} ± {error:.2f}"


def write_table(axes: Axes, written: list[Line]) -> None:
    """Write lines of text in columns. The first column is aligned to the left, and the others are centred."""
    places = [0.0, 0.3, *np.linspace(0.4, 0.94, len(PREDICTORS))]
    axes.set(xlim=(0, 1), ylim=(len(written), 0))
    for number, line in enumerate(written):
        for column, (place, text) in enumerate(zip(places, line, strict=True)):
            axes.text(
                place,
                number + 0.5,
                text,
                fontsize=style.SMALL,
                color="black" if number == 0 or line[0] else style.GREY,
                weight="bold" if number == 0 else "normal",
                ha="left" if column == 0 else "center",
                va="center",
            )
