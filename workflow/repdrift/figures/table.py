"""The tidy tables that figures are drawn from."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from repdrift.errors import UserError

TEXT = (
    "panel", "series", "run", "reference", "layer", "reference_layer", "estimator", "bn", "images", "claim", "sentence",
    "contrast", "verdict", "reason", "block", "network", "pair", "measure", "item", "part", "path",
    "labels", "groups", "target", "method",
)  # fmt: skip


def read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table: text as it stands (an empty label is a label), an empty number as NaN.

    Raises
    ------
    UserError
        If the file is missing, is no table, lacks one of `columns` or has no rows.
    """
    numbers = [column for column in columns if column not in TEXT]
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(TEXT, "str"), keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such table") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no CSV table ({str(error).strip()})") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"{path}: has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    if table.empty:
        raise UserError(f"{path}: has no rows, so there is nothing to draw")
    for column in numbers:
        values = table[column].replace(["", "nan"], None)
        try:
            table[column] = pd.to_numeric(values)
        except ValueError as error:
            raise UserError(f"{path}: column {column}: {error}") from None
    if "value" in columns and table["value"].isna().all():
        raise UserError(f"{path}: no row has a value, so there is nothing to draw")
    return table


def ordered(column: "pd.Series[str]") -> list[str]:
    """Distinct values in the order in which they first appear."""
    return [str(value) for value in column.unique()]


def standard_errors(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Mean and standard error (0 where there is one seed) of ``value`` in each group; columns ``mean`` and ``se``."""
    grouped = values.groupby(list(by), sort=False)["value"]
    return pd.DataFrame({"mean": grouped.mean(), "se": grouped.sem().fillna(0.0)})


def seeds_in_words(table: pd.DataFrame, drawn: str) -> str:
    """Give the number of seeds of a line, and what is drawn of them; lines may differ (a run that is not done)."""
    counts = table.groupby(["panel", "series"])["seed"].nunique()
    low, high = int(counts.min()), int(counts.max())
    if high == 1:
        return "1 seed, no standard error"
    return f"{high if low == high else f'{low} to {high}'} seeds, {drawn}"


def footer(table: pd.DataFrame, network: str, drawn: str = "mean ± SE") -> str:
    """What a reader must know of every figure: images, their number, seeds and what is drawn of them, network."""
    parts = [" / ".join(ordered(table["images"]))]
    if "n" in table:
        sizes = sorted({int(n) for n in table["n"].dropna()})
        parts.append(f"n = {' or '.join(f'{n:,}' for n in sizes)} images")
    parts += [seeds_in_words(table, drawn), network, undefined_in_words(table) if "value" in table else ""]
    return joined(parts)


def undefined_in_words(table: pd.DataFrame) -> str:
    """A layer whose units are all constant has no CKA; a mean must not hide that."""
    undefined = int(table["value"].isna().sum())
    return f"{undefined} undefined values left out" if undefined else ""


def joined(parts: Sequence[str]) -> str:
    """Join the parts of a footer that have something to say."""
    return " · ".join(part for part in parts if part)
