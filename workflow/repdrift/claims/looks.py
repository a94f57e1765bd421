"""Distinct looks at the data under all choices of measurement, and their verdicts."""

from collections import Counter

import pandas as pd

from repdrift.claims.rule import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED

SPLIT = "split"  # the verdict of a look whose rows disagree
ORDER = (SUPPORTED, NEGLIGIBLE, UNDECIDED, SPLIT, CONTRADICTED)


def looks(rows: pd.DataFrame) -> Counter[str]:
    """Count the looks of some rows by their verdicts.

    Parameters
    ----------
    rows : DataFrame
        The columns ``look`` and ``verdict``, with a row for each combination of choices. Combinations that share their
        images, or nearly their estimator, are one look.
    """
    found = rows.groupby("look", sort=False)["verdict"].agg(lambda each: each.iloc[0] if each.nunique() == 1 else SPLIT)
    return Counter(found)
