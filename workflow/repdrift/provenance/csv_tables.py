"""Reading of the tables that programs write."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

# Columns of names and other texts. All other columns have numbers.
TEXT = (
    "panel", "series", "run", "reference", "layer", "reference_layer", "estimator", "bn", "reduce", "images", "claim",
    "sentence", "contrast", "verdict", "reason", "variant", "network", "pair", "measure", "item", "part", "path",
    "labels", "groups", "target", "method", "dataset", "domain", "needs", "unit", "origin", "look", "phase",
    "precision", "training", "probe", "encodings", "evidence", "figure",
)  # fmt: skip


def read_csv(path: Path, more_texts: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table. A text stays as it is: a data set may be called NA, and a run 2024. Empty numbers are NaN.

    `more_texts` are columns with texts beyond `TEXT`. An empty cell of a text is an empty text.
    """
    columns = list(pd.read_csv(path, nrows=0).columns)
    texts = {column: "str" for column in columns if column in TEXT or column in more_texts}
    empty = {column: ["", "nan"] for column in columns if column not in texts}
    return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=empty, low_memory=False)
