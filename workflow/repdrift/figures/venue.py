"""The width and the font that a venue asks for. Where figures are narrow, panels of a row go below each other.

Without a venue, a figure has the width of one or of two columns, and all panels of a row stand side by side.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from numpy.typing import NDArray

from repdrift.errors import UserError

SINGLE, DOUBLE = 3.3, 6.75  # widths in inches of a figure over one and over two columns of a paper
LEAST = 1.55  # least width in inches of a panel with its labels
FONT = "DejaVu Sans"  # this font comes with matplotlib, so every machine draws the same letters

Shared = bool | Literal["row", "col"]
Grid = NDArray[Any]  # of axes, indexed by row and then by column


@dataclass(frozen=True)
class Venue:
    """What a venue asks for: the width of every figure in inches, and the font. None is for the usual ones."""

    width: float | None = None
    font: str | None = None


USUAL = Venue()
_present: ContextVar[Venue] = ContextVar("venue", default=USUAL)


@contextmanager
def at(venue: Venue) -> Iterator[None]:
    """Draw figures for a venue."""
    token = _present.set(venue)
    try:
        yield
    finally:
        _present.reset(token)


def families() -> list[str]:
    """Return the font of figures, and then the usual one, which has letters and signs that others may lack."""
    return list(dict.fromkeys([_present.get().font or FONT, FONT]))


def fonts() -> dict[str, Any]:
    """Return the settings of matplotlib for the font of figures, formulas included."""
    asked_for = _present.get().font
    if asked_for is None:
        return {"font.family": FONT}
    formulas = {f"mathtext.{kind}": asked_for for kind in ("rm", "it", "bf", "sf", "tt", "cal")}
    return {"font.family": families(), "mathtext.fontset": "custom", **formulas}


def check_font(name: str) -> None:
    """Refuse a font that this machine does not have.

    Raises
    ------
    UserError
        If there is no such font.
    """
    try:
        findfont(FontProperties(family=name), fallback_to_default=False)
    except ValueError:
        told = "this machine has no such font, so figures cannot be drawn in it; install it, or name another"
        raise UserError(f"figures.font: {name!r}: {told}") from None


def asked() -> float | None:
    """Return the width in inches that the venue asks for, or None."""
    return _present.get().width


def single() -> float:
    """Return the width in inches of a figure with one panel in a row."""
    return asked() or SINGLE


def double() -> float:
    """Return the width in inches of a figure with several panels in a row."""
    return asked() or DOUBLE


def is_narrow() -> bool:
    """Return whether the venue asks for figures that are too narrow for what usually stands side by side."""
    return double() < 0.9 * DOUBLE


def across(columns: int, beside: float = 0.0) -> int:
    """Return how many of the panels of a row stand side by side.

    `beside` is the width in inches that something else takes in the row.
    """
    if not is_narrow():
        return columns
    return max(1, min(columns, int((double() - beside) / LEAST)))


def folds(columns: int, beside: float = 0.0) -> int:
    """Return into how many rows a row of panels is folded."""
    return math.ceil(columns / across(columns, beside))


class Folded(Figure):
    """A figure for a venue, whose rows of panels can be folded.

    Attributes
    ----------
    venue : Venue
    repeated : list of (Axes, Axes)
        Panels that begin a row, each after the one whose label of the y axis they repeat.
    """

    venue: Venue
    repeated: list[tuple[Axes, Axes]]

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **settings)
        self.venue, self.repeated = _present.get(), []

    def repeat_labels(self) -> None:
        """Write the label of the y axis of the first panel of a row at those that begin its other rows too."""
        for first, other in self.repeated:
            label = first.yaxis.label
            if not other.get_ylabel():
                other.set_ylabel(label.get_text(), fontsize=label.get_fontsize())


def panels(
    figure: Figure,
    rows: int,
    columns: int,
    *,
    sharex: Shared = False,
    sharey: Shared = False,
    beside: float = 0.0,
    within: Any = None,  # noqa: ANN401
    **settings: Any,  # noqa: ANN401
) -> Grid:
    """Make a grid of axes as `Figure.subplots` does. Where the figure is narrow, its rows are folded.

    Parameters
    ----------
    figure : Figure
    rows, columns : int
        The grid without folds.
    sharex, sharey : bool, ``row`` or ``col``
        As for `Figure.subplots`.
    beside : float
        As for `across`.
    within : SubplotSpec, optional
        The part of the figure in which the axes are made. None is for all of it.
    settings
        For `Figure.subplots`, used only where nothing is folded.

    Returns
    -------
    array of Axes, [rows, columns]
    """
    count = across(columns, beside)
    if count == columns:
        maker = figure if within is None else within.subgridspec(rows, columns)
        size = (rows, columns) if within is None else ()
        made: Grid = maker.subplots(*size, sharex=sharex, sharey=sharey, squeeze=False, **settings)
        return made
    blocks = math.ceil(columns / count)
    spec = (figure.add_gridspec if within is None else within.subgridspec)(blocks * rows, count)
    found: Grid = np.empty((rows, columns), dtype=object)
    for row in range(rows):
        for column in range(columns):
            shared = {"sharex": _first(found, row, column, sharex), "sharey": _first(found, row, column, sharey)}
            axes = figure.add_subplot(spec[column // count * rows + row, column % count], **shared)
            if sharex and row < rows - 1:
                axes.tick_params(labelbottom=False)
            if sharey and column % count:
                axes.tick_params(labelleft=False)
            if column and column % count == 0 and isinstance(figure, Folded):
                figure.repeated.append((found[row, 0], axes))
            found[row, column] = axes
    return found


def _first(found: Grid, row: int, column: int, shared: Shared) -> Axes | None:
    """Return the axes whose scale another panel shares, if there are any yet."""
    places = {"row": (row, 0), "col": (0, column), "True": (0, 0)}
    first: Axes | None = found[places[str(shared)]] if shared else None
    return first
