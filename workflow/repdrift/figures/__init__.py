"""Figures: each is drawn from one tidy table, reads nothing else, and has the same bytes whenever it is drawn."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from repdrift.errors import UserError
from repdrift.experiments.drift.figures import curve, heatmap, history, layers, multiverse, sensitivity
from repdrift.experiments.head2toe.figures import head2toe, head2toe_affinity, head2toe_cost, head2toe_layers
from repdrift.experiments.transfer.figures import (
    transfer_barrier,
    transfer_checkpoints,
    transfer_criticality,
    transfer_shuffle,
    transfer_similarity,
)
from repdrift.experiments.transferability.figures import (
    transferability_data,
    transferability_gap,
    transferability_layers,
    weights_vs_representations,
)
from repdrift.figures import claims, style
from repdrift.figures.table import read

KINDS: dict[str, tuple[tuple[str, ...], Callable[[pd.DataFrame, str], Figure]]] = {
    "claims": (claims.COLUMNS, claims.draw),
    "curve": (curve.COLUMNS, curve.draw),
    "head2toe": (head2toe.COLUMNS, head2toe.draw),
    "head2toe_affinity": (head2toe_affinity.COLUMNS, head2toe_affinity.draw),
    "head2toe_cost": (head2toe_cost.COLUMNS, head2toe_cost.draw),
    "head2toe_layers": (head2toe_layers.COLUMNS, head2toe_layers.draw),
    "heatmap": (heatmap.COLUMNS, heatmap.draw),
    "history": (history.COLUMNS, history.draw),
    "layers": (layers.COLUMNS, layers.draw),
    "multiverse": (multiverse.COLUMNS, multiverse.draw),
    "sensitivity": (sensitivity.COLUMNS, sensitivity.draw),
    "transfer_barrier": (transfer_barrier.COLUMNS, transfer_barrier.draw),
    "transfer_checkpoints": (transfer_checkpoints.COLUMNS, transfer_checkpoints.draw),
    "transfer_criticality": (transfer_criticality.COLUMNS, transfer_criticality.draw),
    "transfer_shuffle": (transfer_shuffle.COLUMNS, transfer_shuffle.draw),
    "transfer_similarity": (transfer_similarity.COLUMNS, transfer_similarity.draw),
    "transferability_data": (transferability_data.COLUMNS, transferability_data.draw),
    "transferability_gap": (transferability_gap.COLUMNS, transferability_gap.draw),
    "transferability_layers": (transferability_layers.COLUMNS, transferability_layers.draw),
    "weights_vs_representations": (weights_vs_representations.COLUMNS, weights_vs_representations.draw),
}

# A date would make every rerun a different file.
METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
    "png": {},
}
FORMATS = tuple(METADATA)
DPI = 300


def draw(path: Path, kind: str, network: str) -> Figure:
    """Draw the table at `path`.

    Parameters
    ----------
    path : Path
        A tidy CSV table.
    kind : str
        ``claims`` (verdicts), ``curve`` (similarity over epochs), ``heatmap`` (of every layer with every layer),
        ``history`` (loss and accuracy over epochs), ``layers``, ``multiverse`` (verdicts under all choices),
        ``sensitivity`` (to the analyst's choices), or the name of an experiment's figure.
    network : str
        The network in words, for the footer.

    Raises
    ------
    UserError
        If the kind is unknown, or the table is empty or lacks a column.
    """
    if kind not in KINDS:
        raise UserError(f"no figure is of the kind {kind!r}; there are {', '.join(KINDS)}")
    columns, draw_kind = KINDS[kind]
    table = read(path, columns)
    with style.applied():
        figure = draw_kind(table, network)
        lay_out(figure)
    return figure


def lay_out(figure: Figure) -> None:
    """Place the axes for good: the engine would move them by a little at every resolution."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        # The solver leaves the last digit to chance, and an SVG has identifiers that are made of all digits.
        left, bottom, width, height = (round(side, 6) for side in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def write(figure: Figure, file: Path | os.PathLike[str], extension: str) -> None:
    """Write a figure as ``svg``, ``pdf`` or ``png`` (300 dots per inch)."""
    with style.applied():
        figure.savefig(file, format=extension, dpi=DPI, metadata=METADATA[extension])
