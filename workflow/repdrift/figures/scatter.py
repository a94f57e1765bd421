"""Points that are means over seeds in one direction or in both, with 95 % intervals by Student's t.

Points over categories, and lines, are in `repdrift.figures.points`.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from repdrift.claims.estimates import estimate
from repdrift.figures.colours import Colour
from repdrift.figures.style import mixed


class Mean(NamedTuple):
    """A mean over seeds and the limits of its 95 % t interval. Without an interval, they are the mean."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: "pd.Series[float] | NDArray[np.float64]", *, log: bool = False) -> "Mean":
        """Return the mean of the values of the seeds. One seed gives no interval. Undefined values are left out.

        With `log`, the mean and the interval are those of the logarithms, and then turned back. Values that are not
        positive have none and are left out. If no value is left, the mean is NaN.
        """
        numbers = np.asarray(values, dtype=np.float64)
        known = numbers[np.isfinite(numbers) & (~np.bool_(log) | (numbers > 0))]
        found = estimate(np.log(known) if log else known)
        limits = (found.effect, found.effect) if np.isnan(found.low) else (found.low, found.high)
        return cls(*(float(np.exp(value)) if log else value for value in (found.effect, *limits)))

    @property
    def reach(self) -> list[list[float]]:
        """How far the interval reaches below and above the mean, as `Axes.errorbar` takes it.

        An interval of no width can end on the other side of the mean by a rounding error. It reaches 0 then.
        """
        return [[max(0.0, self.mean - self.low)], [max(0.0, self.high - self.mean)]]


def means_by(rows: pd.DataFrame, column: str) -> dict[Any, Mean]:
    """Return the means over seeds of the column ``value``, by the values of another column."""
    return {key: Mean.of(values) for key, values in rows.groupby(column, sort=False)["value"]}


def draw_mean(
    axes: Axes,
    x: float | Mean,
    y: float | Mean,
    *,
    colour: Colour,
    marker: str,
    size: float = 3.6,
    filled: bool = True,
) -> None:
    """Draw a point with intervals in the directions in which it is a mean over seeds.

    Parameters
    ----------
    axes : Axes
    x, y : float or Mean
    colour : (float, float, float)
    marker : str
    size : float
        Size of the marker in points.
    filled : bool
        Whether the marker is filled.
    """
    across, up = (value if isinstance(value, Mean) else Mean(value, value, value) for value in (x, y))
    # The intervals are dark and above the marker, which is pale inside, since they may be shorter than it is high.
    axes.errorbar(
        across.mean,
        up.mean,
        xerr=across.reach,
        yerr=up.reach,
        fmt=marker,
        ecolor=mixed(colour, "black", 0.35),
        elinewidth=0.9,
        barsabove=True,
        markersize=size,
        markerfacecolor=mixed(colour, "white", 0.3) if filled else "white",
        markeredgecolor=colour,
        markeredgewidth=0.7,
    )
