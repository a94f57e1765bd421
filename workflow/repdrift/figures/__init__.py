"""Drawings of figures. A figure is drawn from one tidy table alone, so the same table gives the same bytes."""

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

# A notebook, or the shell that it starts, names a backend of its own here, which matplotlib may not find. Figures are
# written to files, so the variable is set before matplotlib is imported.
os.environ["MPLBACKEND"] = "agg"

import pandas as pd
from matplotlib.figure import Figure

from repdrift.errors import UserError
from repdrift.figures import style
from repdrift.figures.layer_names import with_short_names
from repdrift.figures.table import read
from repdrift.figures.venue import FONT, USUAL, Folded, Venue, at, check_font
from repdrift.provenance.csv_tables import TEXT
from repdrift.provenance.parts import drawings

# A date would give the file other bytes in every rerun.
METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {},
}
FORMATS = tuple(METADATA)
DPI = 300
DOLLAR = re.compile(r"\$")


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
    return cast(Drawing, import_module(f"repdrift.{found[kind]}"))


def draw(path: Path, kind: str, network: str, venue: Venue = USUAL) -> Figure:
    """Draw the table at `path`.

    Parameters
    ----------
    path : Path
        A tidy CSV table.
    kind : str
        The name of the module that draws it, see `drawing`.
    network : str
        The name of the network in the footer.
    venue : Venue
        The width and the font.

    Raises
    ------
    UserError
        If the kind or the font is unknown, or the table is empty or lacks a column.
    """
    found = drawing(kind)
    table = literal(with_short_names(read(path, found.COLUMNS)))
    check_font(venue.font or FONT)
    with at(venue), style.applied():
        figure = found.draw(table, DOLLAR.sub(r"\\$", network))
        if isinstance(figure, Folded):
            figure.repeat_labels()
        lay_out(figure)
    return figure


def literal(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts matplotlib draws as they are; it takes what is between two dollars as a formula."""
    texts = [column for column in table if column in TEXT]
    return table.assign(**{column: table[column].str.replace(DOLLAR, r"\\$", regex=True) for column in texts})


def lay_out(figure: Figure) -> None:
    """Fix the positions of the axes, since the layout engine would move them a little at every resolution."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        # The last digits of the solver vary from run to run, and the identifiers in an SVG are hashes of all digits.
        left, bottom, width, height = (round(side, 6) for side in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def write_beside(figure: Figure, table: Path) -> None:
    """Write a figure in all formats, each as a file beside its table and with its name."""
    for extension in FORMATS:
        write(figure, table.with_name(f"{table.stem}.{extension}"), extension)


def write(figure: Figure, file: Path | os.PathLike[str], extension: str) -> None:
    """Write a figure as ``svg``, ``pdf`` or ``png`` (300 dots per inch)."""
    venue = figure.venue if isinstance(figure, Folded) else USUAL
    with at(venue), style.applied():
        figure.savefig(file, format=extension, dpi=DPI, metadata=METADATA[extension])
