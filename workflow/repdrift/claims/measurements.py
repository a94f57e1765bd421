"""The measurements of a study, by seed and by the keys that contrasts use."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repdrift.claims.contrasts import HALF, Contrast, HistoryOf, Key

Numbers = Mapping[Key, "pd.Series[float]"]  # one number for each seed, by the key that contrasts use
Replicates = Mapping[Key, pd.DataFrame]  # the same on resampled probes: a row for each seed, a column for each probe

SIMILARITY_KEYS = ["run", "reference", "layer", "probe"]


def similarities(table: pd.DataFrame, column: str = "value") -> Numbers:
    """Return the numbers of a table of similarities, by run, reference, layer and probe."""
    return _by_seed(table, SIMILARITY_KEYS, column)


def replicates(table: pd.DataFrame) -> Replicates:
    """Return the similarities on resampled probes, by run, reference, layer and probe."""
    columns = [column for column in table.columns if str(column).startswith(HALF)]
    return {
        tuple(map(str, key)): rows.set_index("seed")[columns].sort_index()
        for key, rows in table.groupby(SIMILARITY_KEYS, sort=False)
    }


def curves(table: pd.DataFrame) -> Numbers:
    """Return the numbers of a table of similarities over epochs, by epoch and layer."""
    if table.empty:  # a study without pre-training of its own has no such table
        return {}
    return _by_seed(table.assign(epoch=table["epoch"].astype(str)), ["epoch", "layer"], "value")


def histories(tables: Mapping[HistoryOf, pd.DataFrame], contrasts: Iterable[Contrast]) -> Numbers:
    """Return the numbers of histories for the keys of some contrasts."""
    numbers: dict[Key, pd.Series[float]] = {}
    for run, column, when in {key for contrast in contrasts for key in contrast.by_key}:
        found = {owner.seed: number_at(table, column, when) for owner, table in tables.items() if owner.run == run}
        numbers[run, column, when] = pd.Series(found)
    return numbers


def keyed(table: pd.DataFrame, keys: Sequence[str]) -> Numbers:
    """Return the column ``value`` of an experiment's table, by the texts in the columns `keys`."""
    return _by_seed(table, list(keys), "value")


def number_at(history: pd.DataFrame, column: str, when: str) -> float:
    """Return a number of a history, or its natural logarithm if ``log`` stands before the name of the column.

    The logarithm of 0 is NaN.

    `when` is ``last`` (the last value that was measured), ``to25`` (the mean up to epoch 25) or ``3`` (the mean from
    epoch 3 on, or over all epochs if the training is shorter).
    """
    name = column.removeprefix("log ")
    values = history.loc[history["epoch"] > 0].set_index("epoch")[name].dropna()
    found = _one(values, when)
    if column == name:
        return found
    return math.log(found) if found > 0 else math.nan


def _one(values: "pd.Series[float]", when: str) -> float:
    if when == "last":
        return float(values.iloc[-1])
    if when.startswith("to"):
        return float(values[values.index <= int(when[2:])].mean())
    later = values[values.index >= int(when)]
    return float((later if len(later) else values).mean())


def _by_seed(table: pd.DataFrame, columns: list[str], value: str) -> Numbers:
    return {
        tuple(map(str, key)): rows.set_index("seed")[value].sort_index()
        for key, rows in table.groupby(columns, sort=False)
    }


def values(contrast: Contrast, numbers: Numbers) -> NDArray[np.float64] | None:
    """Return the values float64 [seeds] of a contrast, paired by seed; None if one of its numbers was not measured."""
    if not set(contrast.by_key) <= set(numbers):
        return None
    total = sum(numbers[key] * weight for key, weight in contrast.by_key.items()) + contrast.constant
    return np.asarray(total, dtype=np.float64)


def resampled(contrast: Contrast, found: Replicates) -> NDArray[np.float64] | None:
    """Return the values float64 [seeds, R] of a contrast on R resampled probes; None if there are fewer than two.

    Replicates of different probes are drawn independently, so that their variances add. A probe on which a similarity
    of some seed is undefined is left out.
    """
    if not contrast.by_key or not set(contrast.by_key) <= set(found):
        return None
    total = sum(found[key].to_numpy(dtype=np.float64) * weight for key, weight in contrast.by_key.items())
    paired = np.asarray(total + contrast.constant, dtype=np.float64)
    paired = paired[:, np.isfinite(paired).all(axis=0)]
    return paired if paired.shape[1] > 1 else None
