"""Drawings of figures. A figure is drawn from one tidy table alone, so the same table gives the same bytes."""

import os
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import pandas as pd
from matplotlib.figure import Figure

from repdrift.errors import UserError
from repdrift.figures import style
from repdrift.figures.layer_names import with_short_names
from repdrift.figures.table import read
from repdrift.provenance.parts import PACKAGE, drawings

# A date would give the file other bytes in every rerun.
METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {},
}
FORMATS = tuple(METADATA)
DPI = 300


class Drawing(Protocol):
    """The interface of a module that draws figures of one kind.

    Attributes
    ----------
    COLUMNS : tuple of str
        The columns that the table must have.
    """

    COLUMNS: tuple[str, ...]

    def draw(self, table: pd.DataFrame, network: str) -> Figure:
        """Draw a table. `network` is the name of the network in the footer."""


def drawing(kind: str) -> Drawing:
    """Import the module that draws a kind of figures. It lies here or in the folder ``figures`` of an experiment.

    Raises
    ------
    UserError
        If there is no such module.
    """
    found = drawings()
    if kind not in found:
        raise UserError(f"no figure is of the kind {kind!r}; there are {', '.join(sorted(found))}")
    return cast(Drawing, import_module(f"{PACKAGE.name}.{found[kind]}"))


def draw(path: Path, kind: str, network: str) -> Figure:
    """Draw the table at `path`.

    Parameters
    ----------
    path : Path
        A tidy CSV table.
    kind : str
        The name of the module that draws it, see `drawing`.
    network : str
        The name of the network in the footer.

    Raises
    ------
    UserError
        If the kind is unknown, or the table is empty or lacks a column.
    """
    found = drawing(kind)
    table = with_short_names(read(path, found.COLUMNS))
    with style.applied():
        figure = found.draw(table, network)
        lay_out(figure)
    return figure


def lay_out(figure: Figure) -> None:
    """Fix the positions of the axes, since the layout engine would move them a little at every resolution."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        # The last digits of the solver vary from run to run, and the identifiers in an SVG are hashes of all digits.
        left, bottom, width, height = (round(side, 6) for side in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def write(figure: Figure, file: Path | os.PathLike[str], extension: str) -> None:
    """Write a figure as ``svg``, ``pdf`` or ``png`` (300 dots per inch)."""
    with style.applied():
        figure.savefig(file, format=extension, dpi=DPI, metadata=METADATA[extension])
