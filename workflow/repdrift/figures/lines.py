"""Lines over layers, or over epochs, with the errors of their seeds; names of layers; legends."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from repdrift.figures import style
from repdrift.figures.style import Look, Strip

NULL: dict[str, Any] = {"color": "0.6", "linestyle": (0, (3, 2)), "linewidth": 0.8}


NULL_LABEL = "permuted images (null)"


def lettered(panels: Sequence[str]) -> list[str]:
    """Titles of panels; a letter only where there is more than one."""
    if len(panels) == 1:
        return list(panels)
    return [f"{style.letter(index)} {panel}" for index, panel in enumerate(panels)]


def draw_lines(
    axes: Axes,
    shown: pd.DataFrame,
    *,
    hue: str,
    look: Look,
    order: Sequence[str] | Sequence[int],
    x: str = "layer",
    scale: float = 1.0,
) -> None:
    """Draw means over seeds with standard errors over the layers (or the values of another column `x`), in this order.

    `scale` is of the width of lines and markers.
    """
    labels = list(look.colours)
    # The type stubs of seaborn know neither a width for dodge nor a plain list of markers.
    apart: Any = min(0.4, 0.14 * (len(labels) - 1)) or False
    markers: Any = [look.markers[label] for label in labels]
    sns.pointplot(
        shown,
        x=x,
        y="value",
        hue=hue,
        order=order,
        hue_order=labels,
        palette=look.colours,
        markers=markers,
        dodge=apart,
        errorbar="se",
        err_kws={"linewidth": 0.9 * scale},
        legend=False,
        ax=axes,
        linewidth=1.0 * scale,
        markersize=3.6 * scale,
        **(style.MARKER_EDGE | {"markeredgewidth": 0.4 * scale}),
    )
    axes.set(xlabel="", ylabel="", xlim=(-0.4, len(order) - 0.6))


def layer_names_fit(order: Sequence[str], width: float) -> bool:
    return len(order) * (longest(order) + 0.06) <= width - 0.1


def longest(order: Sequence[str]) -> float:
    """Width of the longest name of a layer in inches."""
    return max(style.text_width(name, style.SMALL) for name in order)


def fit_layer_names(axes: Axes, order: Sequence[str], width: float) -> None:
    """Turn the names of layers where they would run into each other."""
    if not layer_names_fit(order, width):
        axes.tick_params(axis="x", rotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")


class Legends:
    """One legend if all columns have the same series, else one below each column; the null is named once."""

    def __init__(
        self, series: Sequence[list[str]], width: float, column_widths: Sequence[float], with_null: bool = False
    ) -> None:
        null: list[Artist] = [Line2D([], [], label=NULL_LABEL, **NULL)] if with_null else []
        self.shared = all(labels == series[0] for labels in series)
        self.inches = [width] if self.shared else [column - 0.1 for column in column_widths]
        # Shared, there is one width only, and so one legend.
        self.handles = [Look.of(labels).handles(inches) for labels, inches in zip(series, self.inches, strict=False)]
        if self.shared:
            self.handles[0] += null
        self.null = [] if self.shared else null

    @property
    def lines(self) -> int:
        """Lines of text that the legends take, with the one for the null."""
        return max(self._lines(0) + len(self.null), *map(self._lines, range(len(self.handles))))

    def _columns(self, index: int) -> int:
        return style.legend_columns([str(handle.get_label()) for handle in self.handles[index]], self.inches[index])

    def _lines(self, index: int) -> int:
        handles, columns = self.handles[index], self._columns(index)
        if columns > 1:
            return math.ceil(len(handles) / columns)
        return sum(str(handle.get_label()).count("\n") + 1 for handle in handles)

    def write(self, bottom: Sequence[Axes], strip: Strip) -> None:
        """Write the legends below the axes of the bottom row."""
        for index, handles in enumerate(self.handles):
            style.legend(bottom[index], handles, self._columns(index), strip.legend_top)
        if self.null:
            style.legend(bottom[0], self.null, 1, strip.legend_top - strip.LINE * self._lines(0))


def draw_curves(axes: Axes, shown: pd.DataFrame, *, x: str, y: str, hue: str, look: Look) -> None:
    """Draw the mean over seeds as a line with a band of one standard error, and about eight markers on it."""
    labels = list(look.colours)
    shown = shown.dropna(subset=[y])
    if shown.empty:
        style.say_not_measured(axes)
        return
    step = math.ceil(shown[x].nunique() / 8)
    sns.lineplot(
        shown,
        x=x,
        y=y,
        hue=hue,
        style=hue,
        hue_order=labels,
        style_order=labels,
        palette=look.colours,
        markers=look.markers,
        dashes=False,
        # One value has no standard error, and seaborn would warn of every epoch.
        errorbar="se" if shown["seed"].nunique() > 1 else None,
        err_kws={"linewidth": 0, "alpha": 0.25},
        legend=False,
        ax=axes,
        # Not the first of many, where the markers of all lines would lie on each other.
        markevery=(step if step > 1 else 0, step),
        clip_on=False,
        **style.MARKER_EDGE,
    )
