"""The cells of a heatmap of similarities, with their values, and its colour bar."""

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from repdrift.figures import style, venue
from repdrift.figures.layer_names import MANY

MAP = "viridis"
LEGIBLE = 5.5  # smallest font size in points at which values are written


Range = tuple[float, float]  # of the values that colours tell apart

UNIT: Range = (0, 1)


def draw_cells(axes: Axes, means: pd.DataFrame, points: float, limits: Range = UNIT) -> None:
    """Colour the cells of a matrix, and write their values into them if a font of this size is legible.

    A cell without a value stays empty.
    """
    values = [[two_decimals(value) for value in row] for row in means.to_numpy()]
    sns.heatmap(
        means,
        vmin=limits[0],
        vmax=limits[1],
        cmap=MAP,
        annot=values if points >= (style.TINY if venue.is_narrow() else LEGIBLE) else None,
        fmt="",
        annot_kws={"size": points},
        linewidths=0.3 if len(means) <= MANY else 0,
        xticklabels=1,
        yticklabels=1,
        cbar=False,
        square=True,
        ax=axes,
    )
    axes.set(xlabel="", ylabel="")


def two_decimals(value: float) -> str:
    """Write a value with two decimals as short as possible: ``.97``, ``1``, and ``.00`` without a minus sign."""
    text = f"{value:z.2f}".replace("-", "\u2212").replace("0.", ".", 1)
    return "1" if text == "1.00" else text


def fitting(values: Sequence[str], inches: float) -> float:
    """Return the font size in points at which the widest value fits into a cell of this width with a margin."""
    widest = max(style.text_width(value, style.TINY) for value in set(values))
    return min(style.TINY, style.TINY * 0.8 * inches / widest)


def draw_colour_bar(figure: Figure, label: str, lowest: float, limits: Range = UNIT) -> None:
    """Draw one colour bar beside all axes. Its lower end is pointed if the lowest value is below the limits."""
    bar = figure.colorbar(
        ScalarMappable(Normalize(*limits), MAP),
        ax=figure.axes,
        extend="min" if lowest < limits[0] - 0.005 else "neither",
        aspect=30,
        pad=0.02,
        label=label,
        ticks=[0, 0.25, 0.5, 0.75, 1] if limits == UNIT else None,
        format="{x:g}",
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
