"""The claims of a report: a row for each claim, and what the verdicts hold for."""

import math
from typing import Any

import pandas as pd

from repdrift.claims.findings import main_rows, numeric
from repdrift.claims.judging import REGIME
from repdrift.claims.looks import ORDER, looks
from repdrift.claims.numbers import effect_in_words
from repdrift.claims.rule import MIN_SEEDS
from repdrift.figures.verdicts import estimator_label

COPIED = ("sentence", "source", "origin", "figure", "evidence")  # columns that a row has as they are


def claim_rows(verdicts: pd.DataFrame, multiverse: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a row for each claim.

    A row has the verdict under each estimator, the looks at the data by their verdicts, and what the verdict under the
    main estimator hangs on. A claim with too few seeds has no verdict and no reason, since the page says it once.
    """
    numbers = numeric(verdicts)
    whole = multiverse[multiverse["layer"] == ""]
    by_claim = dict(list(numbers.groupby("claim", sort=False)))
    rows = []
    for _, first in main_rows(numbers).iterrows():
        name = first["claim"]
        found = by_claim[name]
        count = looks(whole[whole["claim"] == name])
        judged = not 0 < first["seeds"] < MIN_SEEDS
        others = found[found["estimator"] != first["estimator"]]
        rows.append(
            {
                "name": name,
                **{column: first[column] for column in COPIED},
                "judged": judged,
                "verdict": first["verdict"],
                "verdicts": by_verdict(pd.concat([first.to_frame().T, others])) if judged else [],
                "reason": first["reason"] if judged else "",
                "effect": effect_of(first),
                "margin": "" if math.isnan(first["margin"]) else f"{first['margin']:.3g} {first['unit']}",
                "about": ", ".join(part for part in (first["contrast"], first["layer"]) if part),
                "seeds": int(first["seeds"]),
                "looks": {verdict: count[verdict] for verdict in ORDER if count[verdict]} if judged else {},
                "tried": count.total() if judged else 0,
            }
        )
    return rows


def effect_of(row: "pd.Series[Any]") -> str:
    """Return the effect of a row with its interval and unit. It is empty if nothing was measured."""
    return "" if math.isnan(row["effect"]) else effect_in_words(row["effect"], row["low"], row["high"], row["unit"])


def by_verdict(found: pd.DataFrame) -> list[tuple[str, str]]:
    """Return each verdict on a claim with the estimators that give it. They are not named if all give the same one."""
    verdicts = found["verdict"].unique()
    if len(verdicts) == 1:
        return [(verdicts[0], "")]
    labels = found["estimator"].map(estimator_label)
    return [(verdict, ", ".join(labels[found["verdict"] == verdict])) for verdict in verdicts]


def regimes(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what the verdicts hold for, each with the first and the last claim that it is about."""
    columns = list(REGIME)
    return [
        {**dict(zip(columns, values, strict=True)), "first": found["claim"].iloc[0], "last": found["claim"].iloc[-1]}
        for values, found in verdicts.groupby(columns, sort=False)
    ]
