"""The tidy tables that figures are drawn from."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from repdrift.claims.rule import CONFIDENCE
from repdrift.errors import UserError
from repdrift.provenance.csv_tables import TEXT, read_csv

MEAN_AND_INTERVAL = f"mean and {CONFIDENCE:.0%} interval, faint: each seed"


def read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table. Text is kept as it is, so an empty label is a label; an empty number is NaN.

    Raises
    ------
    UserError
        If the file is missing or is no table, lacks one of `columns`, or has no rows or no values.
    """
    try:
        table = read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such table") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no CSV table ({str(error).strip()})") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"{path}: has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    if table.empty:
        raise UserError(f"{path}: has no rows, so there is nothing to draw")
    for column in [column for column in columns if column not in TEXT]:
        try:
            table[column] = pd.to_numeric(table[column])
        except ValueError as error:
            raise UserError(f"{path}: column {column}: {error}") from None
    if "value" in columns and table["value"].isna().all():
        raise UserError(f"{path}: no row has a value, so there is nothing to draw")
    return table


def ordered(column: "pd.Series[str]") -> list[str]:
    """Return the distinct values of a column in the order of their first appearance."""
    return [str(value) for value in column.unique()]


def seeds_in_words(table: pd.DataFrame, drawn: str) -> str:
    """Return the part of the footer that tells the number of seeds and what is drawn of them.

    The number can differ between lines while some runs are not finished.
    """
    counts = table.groupby(["panel", "series"])["seed"].nunique()
    low, high = int(counts.min()), int(counts.max())
    if high == 1:
        return "1 seed, no interval"
    return f"{high if low == high else f'{low} to {high}'} seeds, {drawn}"


def footer(table: pd.DataFrame, network: str, drawn: str = MEAN_AND_INTERVAL) -> str:
    """Return the text of the footer: the images and their number, the seeds and what is drawn of them, the network."""
    parts = [" / ".join(ordered(table["images"]))]
    if "n" in table:
        sizes = sorted({int(n) for n in table["n"].dropna()})
        parts.append(f"n = {' or '.join(f'{n:,}' for n in sizes)} images")
    parts += [seeds_in_words(table, drawn), network, undefined_in_words(table) if "value" in table else ""]
    return joined(parts)


def undefined_in_words(table: pd.DataFrame) -> str:
    """Return the part of the footer that tells how many undefined values the means leave out.

    A similarity is undefined if all units of a layer are constant.
    """
    undefined = int(table["value"].isna().sum())
    return f"{undefined} undefined values left out" if undefined else ""


def joined(parts: Sequence[str]) -> str:
    """Join the parts of a footer that are not empty."""
    return " · ".join(part for part in parts if part)
