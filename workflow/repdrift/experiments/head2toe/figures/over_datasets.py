"""The mean over data sets, in which no data set counts twice."""

import pandas as pd


def over_datasets(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the means of ``value`` over the targets of each data set and then over data sets.

    There is a row for each seed and each value of a column, with these three columns.
    """
    of_dataset = rows.groupby([column, "seed", "dataset"], sort=False)["value"].mean()
    return of_dataset.groupby([column, "seed"], sort=False).mean().reset_index()
