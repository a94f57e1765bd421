"""The similarities of the layers of two networks: as a table, as a heatmap, and as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE, HEATMAP = "table.csv", "heatmap"  # names of the files that are saved
FORMATS = ("png", "svg", "pdf")


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
            If seaborn is not installed (it is in the extra ``plots``), or the table has no such estimator.
        """
        raise NotImplementedError

    def save(self, folder: str | Path) -> None:
        """Write ``table.csv``, and ``heatmap.png``, ``.svg`` and ``.pdf``, to a folder, which is made if needed."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        raise NotImplementedError
