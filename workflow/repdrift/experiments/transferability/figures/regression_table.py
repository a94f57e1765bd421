"""The table of regressions below the figure of gap, width and number of images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from repdrift.experiments.transferability.tables import COEFFICIENT, COEFFICIENT_OF_MEANS
from repdrift.figures import style, venue
from repdrift.figures.scatter import Mean

PREDICTORS = ("gap", "width", "ln N", "ln steps", "R²")
HEIGHT = 0.17  # height of a line in inches
Line = list[str]


def rows_of_a_fit() -> int:
    """Return the number of lines of a regression. In a narrow figure, each coefficient has a line of its own."""
    return 1 + len(PREDICTORS) if venue.is_narrow() else 2


def write_table(axes: Axes, table: pd.DataFrame, fits: Sequence[str]) -> None:
    """Write the regressions in columns. The first column is aligned to the left, and the others are centred."""
    written = [["regression of ln T", "n (domains)", *PREDICTORS]]
    for fit in fits:
        written += lines(table[table["series"] == fit], fit)
    places = [0.0, 0.26, *np.linspace(0.38, 0.95, len(PREDICTORS))]
    if venue.is_narrow():
        written, places = turned(written), [0.0, 0.48, 0.8]
    axes.set(xlim=(0, 1), ylim=(len(written), 0))
    for number, line in enumerate(written):
        for column, (place, text) in enumerate(zip(places, line, strict=True)):
            axes.text(
                place,
                number + 0.5,
                text,
                fontsize=style.SMALL if number == 0 or line[0] else style.TINY,
                color="black" if number == 0 or line[0] else style.GREY,
                weight="bold" if number == 0 else "normal",
                ha="left" if column == 0 else "center",
                va="center",
            )


def turned(written: Sequence[Line]) -> list[Line]:
    """Return the same table with a line for each coefficient: its name, of the means, and of each seed."""
    found = [["regression of ln T", "of the means", "mean of the seeds"]]
    for of_means, of_each in zip(written[1::2], written[2::2], strict=True):
        found.append([f"{of_means[0]}, n = {of_means[1]}", "", ""])
        found += [["", *cells] for cells in zip(of_means[2:], of_each[2:], strict=True)]
        for name, line in zip(PREDICTORS, found[-len(PREDICTORS) :], strict=True):
            line[0] = f"   {name}"
    return found


def lines(rows: pd.DataFrame, fit: str) -> list[Line]:
    """Return two lines for a regression: the coefficients of means over seeds, and the means of coefficients."""
    means = rows[rows["measure"] == COEFFICIENT_OF_MEANS]
    of_means = {row["item"]: with_error(row["value"], row["se"]) for row in means.to_dict("records")}
    each = rows[rows["measure"] == COEFFICIENT].groupby("item")["value"]
    of_each = {str(item): with_interval(values) for item, values in each}
    count = f"{means['n'].iloc[0]:.0f} ({means['domains'].iloc[0]:.0f})"
    return [
        [fit, count, *(of_means.get(name, "") for name in PREDICTORS)],
        ["", "", *(of_each.get(name, "") for name in PREDICTORS)],
    ]


def with_error(value: float, error: float) -> str:
    """Write a number with its standard error, or a dash if the number is not determined."""
    if np.isnan(value):
        return "\u2013"
    return number(value) if np.isnan(error) else f"{number(value)} ± {number(error)}"


def with_interval(values: "pd.Series[float]") -> str:
    """Write a mean over seeds and its interval. One seed has no interval, and its value stands in brackets."""
    if values.isna().any():
        return ""
    mean = Mean.of(values)
    if mean.low == mean.high:
        return f"({number(mean.mean)})"
    return f"{number(mean.mean)} [{number(mean.low)}, {number(mean.high)}]"


def number(value: float) -> str:
    """Write a number with two decimals, without a zero before the point, and with a true minus sign."""
    return f"{value:z.2f}".replace("0.", ".", 1 if abs(value) < 1 else 0).replace("-", "\u2212")
