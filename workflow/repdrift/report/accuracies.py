"""The accuracies of all trainings of a study, from their histories."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from repdrift.claims.estimates import half_width
from repdrift.provenance.csv_tables import read_csv
from repdrift.specs import ShownTraining

MEASURES = ("test_accuracy", "train_accuracy")


def accuracies(trainings: Sequence[ShownTraining], histories: Sequence[Path]) -> list[dict[str, Any]]:
    """Return a row for each training, with its accuracies at its end in percent. Fine-tuned networks come first.

    Parameters
    ----------
    trainings : sequence of ShownTraining
    histories : sequence of Path
        The histories of all seeds of the first training, and then of the next.
    """
    seeds = len(histories) // max(1, len(trainings))
    rows = []
    for number, training in enumerate(trainings):
        ends = pd.DataFrame([last(path) for path in histories[number * seeds : (number + 1) * seeds]])
        rows.append({**vars(training), **{measure: in_words(ends[measure]) for measure in MEASURES}})
    return sorted(rows, key=lambda row: not row["fine_tuned"])


def last(path: Path) -> dict[str, float]:
    """Return the last accuracies of a history that were measured."""
    history = read_csv(path)
    found = {measure: pd.to_numeric(history[measure]).dropna() for measure in MEASURES}
    return {measure: float(values.iloc[-1]) if len(values) else math.nan for measure, values in found.items()}


def in_words(values: "pd.Series[float]") -> str:
    """Return the mean over seeds with the half width of its 95 % interval, such as ``61.2 ± 0.8``."""
    known = values.dropna()
    if known.empty:
        return ""
    if len(known) == 1:
        return f"{known.iloc[0]:.1f}"
    width = half_width(float(known.std()) / math.sqrt(len(known)), len(known) - 1)
    return f"{known.mean():.1f} ± {float(width):.1f}"
