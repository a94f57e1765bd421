"""Collect the rows that a figure shows into one tidy table, with the panel and the series of each row."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from repdrift import command
from repdrift.provenance.artifacts import Job
from repdrift.provenance.csv_tables import read_csv
from repdrift.specs import TableSpec
from repdrift.study.figure import Panel


def collect(rows: pd.DataFrame, panels: Sequence[Panel]) -> pd.DataFrame:
    """Select the rows of every series of every panel, in the order of the figure.

    Parameters
    ----------
    rows : DataFrame
        Columns run, seed and others. Rows of similarities also have the column reference.
    panels : sequence of Panel
    """
    parts: list[pd.DataFrame] = []
    for panel in panels:
        for series in panel.series:
            chosen = rows["run"] == series.run
            if "reference" in rows:
                chosen &= rows["reference"] == series.reference
            part: pd.DataFrame = rows[chosen].copy()
            part.insert(0, "panel", panel.title)
            part.insert(1, "series", series.label)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    flags = command.parser(__doc__, TableSpec)
    flags.add_argument("--rows", type=Path, nargs="+", required=True, help="tables of the runs")
    args = flags.parse_args()
    spec: TableSpec = args.spec
    job = Job(spec, args.code, args.rows)
    tables = [read_csv(path) for path in args.rows]
    # A history does not name its run, so the plan gives the columns that are added to the rows of each file.
    for table, columns in zip(tables, spec.columns, strict=True):
        for position, (name, value) in enumerate(columns.items()):
            table.insert(position, name, value)
    table = pd.concat(tables, ignore_index=True)
    if spec.panels:  # a figure without panels shows all rows
        table = collect(table, spec.panels)
    job.save(args.output, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
