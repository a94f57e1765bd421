"""Points that are means over seeds in one direction or in both, with 95 % intervals by Student's t.

Points over categories, and lines, are in `repdrift.figures.points`.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from repdrift.claims.estimates import estimate
from repdrift.figures import style

Colour = tuple[float, float, float]


class Mean(NamedTuple):
    """A mean over seeds and the limits of its 95 % t interval. Without an interval, they are the mean."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: "pd.Series[float] | NDArray[np.float64]") -> "Mean":
        """Return the mean of the values of the seeds. One seed gives no interval. Undefined values are left out."""
        known = np.asarray(values, dtype=np.float64)
        found = estimate(known[np.isfinite(known)])
        if np.isnan(found.low):
            return cls(found.effect, found.effect, found.effect)
        return cls(found.effect, found.low, found.high)

    @property
    def reach(self) -> list[list[float]]:
        """How far the interval reaches below and above the mean, as `Axes.errorbar` takes it."""
        return [[self.mean - self.low], [self.high - self.mean]]


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
    edge = style.MARKER_EDGE if filled else {"markerfacecolor": "white", "markeredgewidth": 0.8}
    looks: dict[str, Any] = {"fmt": marker, "color": colour, "elinewidth": 0.8, "markersize": size, **edge}
    across, up = (value if isinstance(value, Mean) else Mean(value, value, value) for value in (x, y))
    axes.errorbar(across.mean, up.mean, xerr=across.reach, yerr=up.reach, **looks)
