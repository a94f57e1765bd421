"""The two tables of verdicts: a row for each contrast, and a row for each claim, under each estimator."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from repdrift.claims import measurements
from repdrift.claims.contrasts import CURVE, HISTORY, SIMILARITY, Claim, Contrast, HistoryOf
from repdrift.claims.measurements import ADJUSTED, Numbers
from repdrift.claims.verdict import SUPPORTED, judge, together

CONTRASTS = (
    "claim", "sentence", "contrast", "layer", "decides", "estimator", "seeds", "mean", "se", "low", "high", "positive",
    "above_null", "verdict", "reason",
)  # fmt: skip


CLAIMS = ("claim", "sentence", "source", "figure", "estimator", "seeds", "verdict", "reason")


ABOVE = "above"  # the name of the numbers that tell whether a similarity is above its null


NO_RUNS = "the study has no such runs"


Rows = list[dict[str, object]]


def contrast_rows(claim: Claim, estimator: str, numbers: dict[str, Numbers]) -> Rows:
    """Return the rows of a claim's contrasts under one estimator. Contrasts without measurements have no row."""
    rows: Rows = []
    for contrast in claim.contrasts:
        values = measurements.values(contrast, numbers.get(contrast.table, {}))
        if values is None:
            continue
        found = judge(values)
        statistics = (found.seeds, found.mean, found.error, found.low, found.high, found.positive)
        row = (
            claim.name, claim.sentence, contrast.label, contrast.layer, int(contrast.decides), estimator, *statistics
        )  # fmt: skip
        outcome = (seeds_above(contrast, numbers.get(ABOVE, {})), found.verdict, found.reason)
        cells = (None if isinstance(cell, float) and math.isnan(cell) else cell for cell in (*row, *outcome))
        rows.append(dict(zip(CONTRASTS, cells, strict=True)))
    return rows


def seeds_above(contrast: Contrast, above: Numbers) -> int | None:
    """Return the number of seeds in which all similarities of a contrast exceed the 95 % quantile of their null.

    The result is None if the contrast has no null.
    """
    if contrast.table != SIMILARITY or not set(contrast.by_key) <= set(above):
        return None
    return int(pd.concat([above[key] for key in contrast.by_key], axis=1).all(axis=1).sum())


def claim_row(claim: Claim, estimator: str, rows: Rows) -> dict[str, object]:
    """Return the row of a claim under one estimator, given the rows of its contrasts."""
    deciding = [row for row in rows if row["decides"]]
    verdict = together(str(row["verdict"]) for row in deciding)
    # The reason names the contradicted contrasts alone if there are any, and the inconclusive ones otherwise.
    against = [row for row in deciding if row["verdict"] == verdict != SUPPORTED]
    reason = "; ".join(in_words(against, len(deciding))) if deciding else NO_RUNS
    seeds = min((row["seeds"] for row in deciding), default=0)  # type: ignore[type-var]
    row = (claim.name, claim.sentence, claim.source, claim.figure, estimator, seeds, verdict, reason)
    return dict(zip(CLAIMS, row, strict=True))


def in_words(rows: Rows, count: int) -> Iterator[str]:
    """Yield the reasons why contrasts do not support a claim. `count` is the number of contrasts that decide.

    Layers of one contrast with the same reason share a line. A reason that all contrasts share stands there once.
    """
    if len({row["reason"] for row in rows}) == 1 and len(rows) == count:
        yield str(rows[0]["reason"])
        return
    layers: dict[tuple[object, object], list[str]] = {}
    for row in rows:
        layers.setdefault((row["contrast"], row["reason"]), []).append(str(row["layer"]))
    for (contrast, reason), names in layers.items():
        where = f" ({', '.join(names)})" if any(names) else ""
        yield f"{contrast}{where}: {reason}"


def numbers_of_estimators(similarity: pd.DataFrame, curve: pd.DataFrame) -> Iterator[tuple[str, dict[str, Numbers]]]:
    """Yield each estimator with its numbers by table. A biased estimator comes a second time, adjusted for its null."""
    for estimator, table in similarity.groupby("estimator", sort=False):
        curves = measurements.curves(curve[curve["estimator"] == estimator])
        above = measurements.similarities(table.assign(above=table["value"] > table["null_q95"]), "above")
        yield str(estimator), {SIMILARITY: measurements.similarities(table), CURVE: curves, ABOVE: above}
        if str(estimator).endswith("-biased") and table["null_mean"].notna().all():
            adjusted = measurements.similarities(measurements.adjusted(table))
            yield f"{estimator}{ADJUSTED}", {SIMILARITY: adjusted, ABOVE: above}


def judge_claims(
    claims: Sequence[Claim], similarity: pd.DataFrame, curve: pd.DataFrame, others: dict[str, Numbers]
) -> tuple[Rows, Rows]:
    """Judge claims, and return the rows of the contrasts and the rows of the claims.

    Parameters
    ----------
    claims : sequence of Claim
    similarity, curve : DataFrame
        Similarities of final networks, and similarities over epochs, by all estimators.
    others : dict of str to Numbers
        The numbers that do not depend on the choice of an estimator, by table.
    """
    estimators = list(numbers_of_estimators(similarity, curve))
    contrasts: Rows = []
    verdicts: Rows = []
    for claim in claims:
        tables = {contrast.table for contrast in claim.contrasts}
        usual = [("", others)] if tables <= set(others) else estimators
        for estimator, numbers in usual:
            rows = contrast_rows(claim, estimator, numbers)
            if rows or not estimator:
                contrasts += rows
                verdicts.append(claim_row(claim, estimator, rows))
    return contrasts, verdicts


def read(paths: list[Path]) -> pd.DataFrame:
    """Read tables of similarities into one. It has no rows if there are no tables."""
    if not paths:
        return pd.DataFrame(columns=["estimator"])
    return pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)


def read_others(
    claims: Sequence[Claim],
    owners: Sequence[HistoryOf],
    histories: Sequence[Path],
    keys: Mapping[str, Sequence[str]],
    tables: Sequence[Path],
) -> dict[str, Numbers]:
    """Read the numbers that do not depend on the choice of an estimator, by table.

    Parameters
    ----------
    claims : sequence of Claim
    owners : sequence of HistoryOf
        The run and the seed of each history.
    histories : sequence of Path
        The files of the histories, in the same order.
    keys : mapping of str to sequence of str
        For each table of an experiment, the columns that identify a number.
    tables : sequence of Path
        The files of these tables, in the same order.
    """
    contrasts = [found for claim in claims for found in claim.contrasts if found.table == HISTORY]
    named = [(owner.run, owner.seed, path) for owner, path in zip(owners, histories, strict=True)]
    found = {HISTORY: measurements.histories(named, contrasts)}
    for (name, columns), path in zip(keys.items(), tables, strict=True):
        found[name] = measurements.keyed(path, columns)
    return found
