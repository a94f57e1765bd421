"""The distance of a similarity from 1 on a logarithmic axis, on which small changes of early layers are seen."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

CHANGE = "change"  # the column of 1 - similarity
LOG_WORDS = "on a logarithmic y axis, means and intervals are those of the logarithms"


def with_change(table: pd.DataFrame) -> pd.DataFrame:
    """Add the column ``change``, which is 1 less the similarity."""
    return table.assign(**{CHANGE: 1 - table["value"]})


def change_label(similarity: str) -> str:
    """Return the label of the axis, such as ``1 - CKA (debiased)``."""
    return f"1 \u2212 {similarity}"


def set_change_axis(axes: Axes, values: "pd.Series[float]") -> None:
    """Make the y axis logarithmic, with limits that contain 0.1, 1 and all positive values."""
    positive = values[values > 0]
    low, high = min([0.1, *positive]), max([1.0, *positive])
    set_log_axis(axes, low / 1.4, high * 1.25)


def set_log_axis(axes: Axes, low: float, high: float) -> None:
    """Make the y axis logarithmic from `low` to `high`, with plain numbers beside the powers of ten.

    If there are fewer than two powers of ten, their doubles and fives have numbers too.
    """
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    powers = math.floor(math.log10(high)) - math.ceil(math.log10(low)) + 1
    axes.yaxis.set_major_locator(LogLocator(subs=[1.0] if powers > 1 else [1.0, 2.0, 5.0]))
    axes.yaxis.set_major_formatter(FuncFormatter(plain))
    axes.yaxis.set_minor_formatter(NullFormatter())


def plain(value: float, _: object = None) -> str:
    """Write a number without an exponent, such as ``0.01``; one below 0.001 as a power of ten."""
    return f"{value:g}" if value >= 1e-3 else f"$10^{{{round(math.log10(value))}}}$"
