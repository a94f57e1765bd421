"""How well the movement of weights tells the change of representations, within each layer.

Over all layers together, weights and representations go together because both change more with depth. So the rank
correlations here are within one layer, over fine-tunings.
"""

from collections.abc import Iterator

import pandas as pd
from scipy import stats

LEAST = 3  # fine-tunings; two always have a correlation of 1 or -1


def correlations(joint: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's rank correlation of the columns ``moved`` and ``changed`` within each layer, for each seed.

    Parameters
    ----------
    joint : DataFrame
        A row for each fine-tuning, seed and layer, with the columns images, seed, item, moved and changed.

    Returns
    -------
    DataFrame
        The columns item (the layer), images (the target, or empty for all targets together), seed, n (the number of
        fine-tunings) and value. Correlations over fewer than three fine-tunings are left out.
    """
    parts = [("", joint), *((str(target), rows) for target, rows in joint.groupby("images", sort=False))]
    found = [row for target, rows in parts for row in _of_each_layer(rows, target)]
    return pd.DataFrame(found, columns=["item", "images", "seed", "n", "value"])


def _of_each_layer(rows: pd.DataFrame, target: str) -> Iterator[tuple[object, ...]]:
    for (layer, seed), points in rows.groupby(["item", "seed"], sort=False):
        if len(points) >= LEAST:
            value = float(stats.spearmanr(points["moved"], points["changed"]).statistic)
            yield layer, target, seed, len(points), value
