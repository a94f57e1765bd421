"""The look that all figures share: sizes, fonts, colours, legends and footer."""

import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from repdrift.figures import venue
from repdrift.figures.colours import Colour, colours_of, of_layers
from repdrift.user_code import file_and_function, is_own

GREY = "0.45"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
BEYOND = 0.1  # how far an axis of similarities reaches beyond 0 and 1 for the sake of an interval
NO_BREAK_EQUALS = "\u00a0=\u00a0"
SMALL, TINY = 7.0, 6.0  # font sizes in points; all other text has 8 points
RBF_BANDWIDTH = "0.3"  # as a fraction of the median distance, where the name of an estimator says no other after @
ESTIMATORS = {
    "cka-biased": "CKA (biased)",
    "cka-debiased": "CKA (debiased)",
    "rbf-cka-biased": "RBF CKA (biased, {} median)",
    "rbf-cka-debiased": "RBF CKA (debiased, {} median)",
    "minibatch-cka": "minibatch CKA",
    "rsa-pearson": "RSA (Pearson)",
    "rsa-spearman": "RSA (Spearman)",
    "procrustes": "Procrustes",
    "neighbours": "mutual k-NN",
    "soft-matching": "soft matching",
    "linear-predictivity": "linear predictivity",
    "svcca": "SVCCA",
    "pwcca": "PWCCA",
}

STYLE: dict[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "svg.hashsalt": "repdrift",  # without a salt, the identifiers in the file would be random
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@contextmanager
def applied() -> Iterator[None]:
    """Apply our style on top of matplotlib's defaults, whatever the user's matplotlibrc says."""
    with matplotlib.style.context(["default", STYLE | venue.fonts()]):
        yield


# --- texts --------------------------------------------------------------------------------------------------------


def estimator_label(name: str) -> str:
    """Return the label of an estimator, such as ``CKA (debiased)`` for ``cka-debiased``.

    That of a user's own, ``path/to/file.py:FUNCTION``, is the name of the function. An unknown name stays as it is.

    A number after @ in the name is in the label: ``RBF CKA (biased, 0.5 median)`` for ``rbf-cka-biased@0.5``.
    """
    if is_own(name):
        return file_and_function(name)[1]
    known, _, bandwidth = name.partition("@")
    return ESTIMATORS[known].format(bandwidth or RBF_BANDWIDTH) if known in ESTIMATORS else name


def biased_first(estimators: Sequence[str]) -> list[str]:
    return sorted(estimators, key=lambda name: not name.partition("@")[0].endswith("-biased"))


def text_width(text: str, points: float) -> float:
    """Return the width in inches of a line of text drawn in this font size."""
    return _text_width(text, points, tuple(venue.families()))


@cache  # figures of many words measure the same ones again and again
def _text_width(text: str, points: float, fonts: tuple[str, ...]) -> float:
    if not text.strip():
        return 0.0
    outline = TextPath((0, 0), text, prop=FontProperties(family=list(fonts), size=points))
    # Glyphs have vertices at their extremes. To trace their curves would take 300 times as long.
    drawn = outline.codes != Path.CLOSEPOLY
    return float(np.ptp(outline.vertices[drawn, 0])) / 72


def wrap(text: str, inches: float, points: float) -> str:
    """Break a text into lines of at most `inches`.

    A line is longer only if it is a single long word. There are no breaks in equations such as ``d = 9``.
    """
    lines = [""]
    for word in text.replace(" = ", NO_BREAK_EQUALS).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, points) > inches:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines).replace(NO_BREAK_EQUALS, " = ")


def letter(index: int) -> str:
    return f"({string.ascii_lowercase[index]})"


# --- colours and markers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """The colours and markers of the series of a panel, by label."""

    colours: dict[str, Colour]
    markers: dict[str, str]

    @classmethod
    def of(cls, labels: Sequence[str], among: Sequence[str] = ()) -> "Look":
        """Choose the look of labels by their meaning, see `repdrift.figures.colours`.

        `among` are the labels of all panels of the figure. A label then has the same look in each of them.
        """
        every = list(dict.fromkeys([*among, *labels]))
        colours, markers = colours_of(every), cls._markers(every)
        return cls({label: colours[label] for label in labels}, {label: markers[label] for label in labels})

    @classmethod
    def of_layers(cls, layers: Sequence[str]) -> "Look":
        return cls(of_layers(layers), cls._markers(layers))

    @staticmethod
    def _markers(labels: Sequence[str]) -> dict[str, str]:
        return {label: MARKERS[index % len(MARKERS)] for index, label in enumerate(labels)}

    def handles(self, inches: float, points: float = SMALL) -> list[Artist]:
        """Return the entries of a legend, with labels that are broken to fit a width in inches."""
        inches -= 2.5 * points / 72
        return [
            Line2D([], [], color=colour, marker=self.markers[label], label=wrap(label, inches, points), **MARKER_EDGE)
            for label, colour in self.colours.items()
        ]

    def point(self, label: str) -> dict[str, Any]:
        """Return the look of the means of a series. The markers are pale inside, so that intervals are seen on them."""
        colour = self.colours[label]
        return {
            "linestyle": "none",
            "marker": self.markers[label],
            "markerfacecolor": mixed(colour, "white", 0.5),
            "markeredgecolor": colour,
            "markeredgewidth": 0.7,
        }


MARKER_EDGE: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.4}


def mixed(colour: Colour | str, other: Colour | str, share: float) -> Colour:
    """Mix a colour with a share of another one."""
    pairs = zip(to_rgb(colour), to_rgb(other), strict=True)
    red, green, blue = (own * (1 - share) + theirs * share for own, theirs in pairs)
    return red, green, blue


# --- axes -----------------------------------------------------------------------------------------------------------


def similarity_limits(values: "pd.Series[float]", summary: pd.DataFrame) -> tuple[float, float]:
    """Return limits of the y axis that contain 0 to 1, all values, and their intervals as far as `BEYOND` 0 and 1.

    `summary` has the columns ``low`` and ``high``. The interval of two seeds can be many times as long as the axis.
    """
    low = min(float(values.min()), max(float(summary["low"].min()), -BEYOND))
    high = max(float(values.max()), min(float(summary["high"].max()), 1 + BEYOND))
    # The limits reach beyond 0 and 1, since a line at 0 would be hidden by the axis.
    return min(-0.04, low - 0.03), max(1.03, high + 0.03)


def set_similarity_axis(axes: Axes, limits: tuple[float, float]) -> None:
    axes.set_ylim(limits)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.axhline(0, color="0.88", linewidth=0.6, zorder=0)


def say_not_measured(axes: Axes) -> None:
    axes.text(0.5, 0.5, "not measured", color=GREY, transform=axes.transAxes, ha="center", va="center")


def set_epoch_axis(axes: Axes, last: float) -> None:
    axes.set_xlabel("epoch")
    axes.set_xlim(0, max(1.0, last))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))


# --- figure, legends and footer -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Strip:
    """The space below the axes for legends and the footer. All heights are in inches."""

    legend_lines: int
    footer: str

    LINE = 0.135
    FOOTER_LINE = 0.115
    EDGE = 0.05

    @property
    def legend_top(self) -> float:
        return self.footer_top + self.LINE * self.legend_lines

    @property
    def footer_top(self) -> float:
        return self.EDGE + self.FOOTER_LINE * (self.footer.count("\n") + 1)

    @property
    def height(self) -> float:
        return self.legend_top + (0.08 if self.legend_lines else 0.03)


def make_figure(
    width: float, axes_height: float, strip: Strip, *, right: float = 0.0, between: float = 0.08, square: bool = False
) -> Figure:
    """Make an empty figure whose layout keeps the strip free of axes, and write the footer into the strip.

    Parameters
    ----------
    width, axes_height : float
        Width of the figure and height of its axes in inches. The strip adds to the height.
    strip : Strip
    right : float
        Space in inches to the right of the axes for legends.
    between : float
        Space in inches between two rows of axes.
    square : bool
        Whether axes of a fixed aspect are moved close together.
    """
    height = axes_height + strip.height
    bottom = strip.height / height
    rect = (0, bottom, 1 - right / width, 1 - bottom)
    layout = ConstrainedLayoutEngine(rect=rect, w_pad=0.04, h_pad=between / 2, compress=square)
    figure = venue.Folded(figsize=(width, height), layout=layout)
    figure.text(
        0.04 / width,
        strip.EDGE / height,
        strip.footer,
        fontsize=TINY,
        color=GREY,
        ha="left",
        va="bottom",
        linespacing=1.2,
    )
    return figure


def legend_columns(labels: Sequence[str], inches: float) -> int:
    """Return the number of legend entries that fit side by side into a width in inches."""
    gap = 1.2 * SMALL / 72
    entries = [2.5 * SMALL / 72 + text_width(label, SMALL) + gap for label in labels]
    if sum(entries) - gap <= inches:
        return len(labels)
    return max(1, int((inches + gap) / max(entries)))


def legend(axes: Axes, handles: Sequence[Artist], columns: int, top: float) -> None:
    """Write a legend into the strip.

    Its upper left corner is at the left edge of `axes`, `top` inches above the lower edge of the figure.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    across = blended_transform_factory(axes.transAxes, figure.dpi_scale_trans)
    written = figure.legend(
        handles=list(handles),
        ncols=columns,
        loc="upper left",
        bbox_to_anchor=(0, top),
        bbox_transform=across,
        borderaxespad=0,
        borderpad=0,
        handlelength=2.0,
        handletextpad=0.5,
        columnspacing=1.2,
        labelspacing=0.35,
    )
    written.set_in_layout(False)
