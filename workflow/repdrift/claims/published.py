"""The published tables of a study: everything that its verdicts are made of, in a few compressed files.

A folder has the config of the study and these tables, each of them the tables of the study in one file:

- ``similarity.csv.gz`` and ``halves.csv.gz``: similarities of final networks, also on halves of the probe
- ``curve.csv.gz``: similarities over epochs
- ``choices.csv.gz``: similarities under other choices of measurement
- ``history.csv.gz``: histories of trainings, with columns for the run and the seed
- one file for each table of an experiment
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from repdrift.claims.contrasts import HistoryOf
from repdrift.errors import UserError
from repdrift.provenance.csv_tables import read_csv

CONFIG = "config.yaml"
DIGITS = 6  # decimal places of the published similarities
SIMILARITIES, HALVES, CURVES, CHOICES, HISTORIES = "similarity", "halves", "curve", "choices", "history"
# A file name or a time in the file would give equal tables other bytes.
COMPRESSION = {"method": "gzip", "mtime": 0, "compresslevel": 9}


@dataclass(frozen=True)
class Tables:
    """The tables of a study. A table without rows stands for one that the study does not have.

    Attributes
    ----------
    similarities, halves, curves, choices : DataFrame
    histories : mapping of HistoryOf to DataFrame
    others : mapping of str to DataFrame
        The tables of experiments by name.
    """

    similarities: pd.DataFrame
    halves: pd.DataFrame
    curves: pd.DataFrame
    choices: pd.DataFrame
    histories: Mapping[HistoryOf, pd.DataFrame]
    others: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def write(tables: Tables, folder: Path) -> None:
    """Write the tables of a study into a folder. Equal tables have equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        SIMILARITIES: tables.similarities.round(DIGITS),
        HALVES: tables.halves,
        CURVES: tables.curves.round(DIGITS),
        CHOICES: tables.choices.round(DIGITS),
        HISTORIES: with_owners(tables.histories),
        **tables.others,
    }
    for name, table in whole.items():
        table.to_csv(folder / f"{name}.csv.gz", index=False, lineterminator="\n", compression=COMPRESSION)


def read(folder: Path, keys: Mapping[str, Sequence[str]]) -> Tables:
    """Read published tables, given the columns that identify a number in each table of an experiment.

    Raises
    ------
    UserError
        If a table is missing.
    """
    for name in (SIMILARITIES, HALVES, CURVES, CHOICES, HISTORIES, *keys):
        if not path(folder, name).exists():
            raise UserError(f"{path(folder, name)}: there is no such table, so the study cannot be judged from here")
    similarities, halves, curves, choices, histories = (
        read_csv(path(folder, name)) for name in (SIMILARITIES, HALVES, CURVES, CHOICES, HISTORIES)
    )
    owned = {
        HistoryOf(str(run), int(str(seed))): table.drop(columns=["run", "seed"])
        for (run, seed), table in histories.groupby(["run", "seed"], sort=False)
    }
    others = {name: read_csv(path(folder, name), columns) for name, columns in keys.items()}
    return Tables(similarities, halves, curves, choices, owned, others)


def path(folder: Path, name: str) -> Path:
    """Return the path of a published table."""
    return folder / f"{name}.csv.gz"


def with_owners(histories: Mapping[HistoryOf, pd.DataFrame]) -> pd.DataFrame:
    """Return histories as one table, with columns for the run and the seed."""
    tables = [table.assign(run=owner.run, seed=owner.seed) for owner, table in histories.items()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["run", "seed"])
