"""The similarities of the layers of two networks: as a table, as a heatmap, and as files."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from repdrift.errors import UserError
from repdrift.extras import missing
from repdrift.similarity.choice import main_estimator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE, HEATMAP = "table.csv", "heatmap"  # names of the files that are saved
FORMATS = ("png", "svg", "pdf")
NOTEBOOK = "ipykernel"  # a module that the process of a notebook has imported


@dataclass(frozen=True, eq=False)
class Comparison:
    """The similarities of layers of two networks.

    Attributes
    ----------
    table : DataFrame
        A row for each pair of layers and estimator, see `repdrift.comparison.comparing.compare_recordings`.
    names : (str, str)
        The names of the two networks.
    notes : tuple of str
        Why values are undefined, a line for each layer or pair and estimator. Such values are NaN.
    """

    table: pd.DataFrame
    names: tuple[str, str] = ("first", "second")
    notes: tuple[str, ...] = ()

    def heatmap(self, estimator: str | None = None) -> Figure:
        """Draw the similarities by one estimator: rows are layers of the first network, columns of the second.

        Parameters
        ----------
        estimator : str, optional
            One of those in the table. The default is debiased CKA, or else the first.

        Raises
        ------
        UserError
            If seaborn is not installed (it is in the extra ``plots``), the table has no such estimator, or no value of
            it is defined.
        """
        known = self.estimators
        if estimator is not None and estimator not in known:
            raise UserError(f"the comparison has no estimator {estimator!r}; it has {', '.join(known)}")
        name = estimator or main_estimator(known)
        chosen = self.table[self.table["estimator"] == name]
        if chosen["value"].isna().all():
            raise UserError(f"no similarity by {name} is defined, so there is nothing to draw")
        figure: Figure = _plots("repdrift.comparison.drawing").draw(chosen, name, self.names)
        return figure

    @property
    def estimators(self) -> list[str]:
        """The names of the estimators in the table."""
        return list(dict.fromkeys(self.table["estimator"]))

    def save(self, folder: str | Path) -> list[Path]:
        """Write the table and its heatmaps to a folder, which is made if needed, and return the paths of the files.

        The files are ``table.csv``, and ``heatmap.png``, ``.svg`` and ``.pdf`` of debiased CKA, or else of the first
        estimator. Those of other estimators are called ``heatmap-ESTIMATOR.png`` and so on.

        Raises
        ------
        UserError
            If seaborn is not installed. The table is written before.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        written = [place / TABLE]
        self.table.to_csv(written[0], index=False, lineterminator="\n")
        main = main_estimator(self.estimators)
        for name in self.estimators:
            if self.table.loc[self.table["estimator"] == name, "value"].notna().any():
                figure = self.heatmap(name)
                stem = HEATMAP if name == main else f"{HEATMAP}-{re.sub(r'[^A-Za-z0-9@.]+', '-', name)}"
                for extension in FORMATS:
                    written.append(place / f"{stem}.{extension}")
                    _plots("repdrift.figures").write(figure, written[-1], extension)
        return written

    def __repr__(self) -> str:
        return f"{self._title()}\n{self.table.to_string(index=False, float_format=four_digits)}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the table, and why values are undefined."""
        table = self.table.to_html(index=False, float_format=four_digits, max_rows=60, border=0)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<p>{escape(self._title())}</p>{table}{notes}"

    def _title(self) -> str:
        return f"{self.names[0]} and {self.names[1]}, {self.table['n'].iloc[0]:,} images"


def four_digits(value: float) -> str:
    """Return a value with four digits. Adding 0 turns -0.0, the rounding of a null mean of 0, into 0.0."""
    return f"{round(value, 4) + 0.0:.4f}"


def _plots(module: str) -> Any:  # noqa: ANN401
    """Import a module that draws.

    Our figures are drawn without a screen, and their package sets the backend of matplotlib for this. A notebook or a
    script has a backend of its own, which must stay. So matplotlib is imported first, with that backend, and the
    variable is restored. A notebook shows figures as pictures once its backend is loaded. Otherwise it is
    loaded only with the first figure of pyplot.
    """
    backend = os.environ.get("MPLBACKEND")
    try:
        try:
            pyplot = import_module("matplotlib.pyplot")
            if NOTEBOOK in sys.modules and backend and not pyplot.get_fignums():
                pyplot.switch_backend(backend)
        except ValueError:  # the backend is that of a notebook which started this process, and is not to be had here
            os.environ["MPLBACKEND"] = "agg"
        return import_module(module)
    except ImportError as error:
        raise missing(error.name or str(error), "a heatmap", "plots") from None
    finally:
        os.environ.pop("MPLBACKEND", None)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
