"""The order of estimators by how well they find networks that were trained alike."""

import pandas as pd

from repdrift.experiments.grounding.tables import AUPRC


def ranked(table: pd.DataFrame) -> "pd.Series[float]":
    """Return the advantage of each estimator, the largest first, given the table of the figure ``grounding``.

    It is the mean, over questions, reductions and layers, of its average precision less that of all estimators in the
    same place. An estimator that cannot take every layer is thus compared with the others in those that it takes. If
    all take every layer, the order is that of the mean average precision.
    """
    found = table[(table["measure"] == AUPRC) & table["value"].notna()]
    others = found.groupby(["panel", "reduce", "layer"], sort=False)["value"].transform("mean")
    advantages = (found["value"] - others).groupby(found["estimator"], sort=False).mean()
    return advantages.sort_values(ascending=False, kind="stable")
