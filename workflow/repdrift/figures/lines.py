"""Lines over epochs with intervals over seeds, and the titles, legends and layer names that many figures share."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import IdentityTransform, ScaledTranslation, blended_transform_factory

from repdrift.figures import style, venue
from repdrift.figures.layer_names import shown_places
from repdrift.figures.points import point_handles, t_intervals
from repdrift.figures.style import Look, Strip

NULL: dict[str, Any] = {"color": "0.6", "linestyle": (0, (3, 2)), "linewidth": 0.8}
SEED: dict[str, Any] = {"linewidth": 0.4, "alpha": 0.45}
FEW = 8  # a curve of at most this many points has a marker at each
BAND: dict[str, Any] = {"linewidth": 0, "alpha": 0.2}

NULL_LABEL = "permuted images (null)"


def lettered(panels: Sequence[str]) -> list[str]:
    """Return the titles of panels, with a letter before each title if there is more than one panel."""
    if len(panels) == 1:
        return list(panels)
    return [f"{style.letter(index)} {panel}" for index, panel in enumerate(panels)]


def level(titles: Sequence[str], inches: float, points: float = 8.0) -> list[str]:
    """Return the titles of neighbouring panels, broken to fit a width, and all with the same number of lines.

    So all of them begin at the same height.
    """
    titles = [style.wrap(title, inches, points) for title in titles]
    lines = max(title.count("\n") for title in titles)
    return [title + "\n" * (lines - title.count("\n")) for title in titles]


def layer_names_fit(order: Sequence[str], width: float) -> bool:
    return len(order) * (longest(order) + 0.06) <= width - 0.1


def longest(order: Sequence[str]) -> float:
    """Return the width in inches of the longest layer name."""
    return max(style.text_width(name, style.SMALL) for name in order)


def fit_layer_names(axes: Axes, order: Sequence[str], width: float) -> None:
    """Turn the layer names by 45 degrees if they would overlap on axes of this width in inches.

    If they still would, only every second or third name is shown, and so on.
    """
    if not layer_names_fit(order, width):
        places = shown_places(len(order), width)
        if len(places) < len(order):
            ticks = dict(enumerate(axes.get_xticks())) if len(axes.get_xticks()) == len(order) else {}
            axes.set_xticks([ticks.get(place, place) for place in places], [order[place] for place in places])
        axes.tick_params(axis="x", rotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")


def null_handle(joined: bool = True) -> Artist:
    """Return the entry of the null in a legend. It is a short line where series are not joined."""
    if joined:
        return Line2D([], [], label=NULL_LABEL, **NULL)
    return Line2D([], [], label=NULL_LABEL, color=style.GREY, linestyle="none", marker="_", markersize=6)


class Legends:
    """The legends below a grid of axes.

    There is one legend if all columns have the same series. Otherwise there is one below each column, and one entry for
    the null below the first. If the columns are folded, the legends stand below each other, each with the letter of its
    panel. `joined` tells whether lines join the means of a series.
    """

    def __init__(
        self,
        series: Sequence[list[str]],
        width: float,
        column_widths: Sequence[float],
        with_null: bool = False,
        *,
        joined: bool = True,
    ) -> None:
        null: list[Artist] = [null_handle(joined)] if with_null else []
        self.shared = all(labels == series[0] for labels in series)
        self.stacked = not self.shared and venue.folds(len(series)) > 1
        of_columns = [width - 0.3 if self.stacked else column - 0.1 for column in column_widths]
        self.inches = [width] if self.shared else of_columns
        # A shared legend has one width, so this zip stops after the first column.
        every = list(dict.fromkeys(label for labels in series for label in labels))
        looks = [(Look.of(labels, every), inches) for labels, inches in zip(series, self.inches, strict=False)]
        self.handles = [look.handles(inches) if joined else point_handles(look, inches) for look, inches in looks]
        if self.shared:
            self.handles[0] += null
        self.null = [] if self.shared else null

    @property
    def lines(self) -> int:
        """Number of lines of text that the legends take, including the entry for the null."""
        every = [self._lines(index) for index in range(len(self.handles))]
        return sum(every) + len(self.null) if self.stacked else max(every[0] + len(self.null), *every)

    def _columns(self, index: int) -> int:
        return style.legend_columns([str(handle.get_label()) for handle in self.handles[index]], self.inches[index])

    def _lines(self, index: int) -> int:
        handles, columns = self.handles[index], self._columns(index)
        if columns > 1:
            return math.ceil(len(handles) / columns)
        return sum(str(handle.get_label()).count("\n") + 1 for handle in handles)

    def write(self, bottom: Sequence[Axes], strip: Strip) -> None:
        """Write the legends below the axes of the bottom row."""
        top, lowest = strip.legend_top, strip.legend_top
        for index, handles in enumerate(self.handles):
            place = lowest if self.stacked else top
            if self.stacked:
                write_letter(bottom[0], style.letter(index), place)
            style.legend(bottom[0 if self.stacked else index], handles, self._columns(index), place)
            lowest -= strip.LINE * self._lines(index)
        if self.null:
            style.legend(bottom[0], self.null, 1, lowest if self.stacked else top - strip.LINE * self._lines(0))


def write_letter(axes: Axes, letter: str, top: float) -> None:
    """Write the letter of a panel to the left of its legend, `top` inches above the lower edge of the figure."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = ScaledTranslation(-0.25, top, figure.dpi_scale_trans)
    across = blended_transform_factory(axes.transAxes, IdentityTransform()) + place
    figure.text(0, 0, letter, transform=across, fontsize=style.SMALL, va="top", in_layout=False)


def draw_curves(axes: Axes, shown: pd.DataFrame, *, x: str, y: str, hue: str, look: Look, log: bool = False) -> None:
    """Draw each seed as a faint line, and the mean over seeds as a line with the band of its 95 % interval.

    `log` is as in `repdrift.figures.points.t_intervals`.
    """
    shown = shown.dropna(subset=[y])
    if shown.empty:
        style.say_not_measured(axes)
        return
    if log:
        axes.set_yscale("log")
    found = t_intervals(shown, [hue, x], y, log=log)
    for label, colour in look.colours.items():
        rows = shown[shown[hue] == label]
        if rows.empty:
            continue
        means = found.loc[label].sort_index()
        if rows["seed"].nunique() > 1:
            for _, seed in rows.sort_values(x).groupby("seed"):
                axes.plot(seed[x], seed[y], color=colour, zorder=2, **SEED)
        axes.fill_between(means.index, means["low"], means["high"], color=colour, zorder=1, **BAND)
        axes.plot(
            means.index,
            means["mean"],
            color=colour,
            marker=look.markers[label],
            label=label,
            zorder=3,
            # If there are many points, some have a marker, at equal distances. The first, which lines share, has none.
            markevery=1 if len(means) <= FEW else (0.1, 0.13),
            clip_on=False,
            **style.MARKER_EDGE,
        )
