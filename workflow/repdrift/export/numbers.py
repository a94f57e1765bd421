"""The numbers of a study as LaTeX macros: verdicts, accuracies, similarities, and what was studied.

A macro is defined for what the study has. A text that quotes anything else is not compiled.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from repdrift.claims.estimates import Estimate
from repdrift.claims.judging import REGIME
from repdrift.claims.rule import VERDICTS
from repdrift.export.finished import ACCURACIES, Finished, over_seeds
from repdrift.export.latex import escaped, letters
from repdrift.export.quoted import effect, interval, plain, probability, signed
from repdrift.similarity.choice import main_estimator

Macro = tuple[str, str]  # a name in letters, and the LaTeX source that it stands for


def every(study: Finished) -> Iterator[Macro]:
    """Yield the macros of all numbers of a study."""
    yield from of_study(study)
    yield from of_claims(study.verdicts)
    yield from of_accuracies(study.accuracies)
    yield from of_similarities(study.similarities)


def of_study(study: Finished) -> Iterator[Macro]:
    """Yield what was studied, and the number of claims with each verdict."""
    seeds = study.config["seeds"]
    yield "Study", escaped(study.name)
    yield "Seeds", str(len(seeds))
    yield "SeedList", ", ".join(map(str, seeds))
    first = study.verdicts.iloc[0]
    for column in REGIME:
        if not pd.isna(first[column]) and first[column] != "":
            yield letters(column.replace("_", "-")), _text(first[column])
    main = of_main_estimator(study.verdicts)
    yield "Claims", str(len(main))
    for verdict in VERDICTS:
        yield f"Claims{letters(verdict)}", str(int((main["verdict"] == verdict).sum()))


def of_main_estimator(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each claim: that of the main estimator, or the first if it has none."""
    names = [name for name in verdicts["estimator"].unique() if name]
    main = main_estimator(names) if names else ""
    order = verdicts.assign(other=~verdicts["estimator"].isin(["", main]))
    return order.sort_values("other", kind="stable").drop_duplicates("claim").sort_index().drop(columns="other")


def of_claims(verdicts: pd.DataFrame) -> Iterator[Macro]:
    """Yield the verdict, the effect and its interval for each claim.

    Those by the main estimator have no suffix. Then all follow again, with the name of their estimator as a suffix.
    """
    for _, row in of_main_estimator(verdicts).iterrows():
        yield from of_claim(row, "")
    for _, row in verdicts[verdicts["estimator"] != ""].iterrows():
        yield from of_claim(row, letters(str(row["estimator"])))


def of_claim(row: "pd.Series[Any]", suffix: str) -> Iterator[Macro]:
    """Yield the macros of a row of the verdicts."""
    name = letters(str(row["claim"]))
    yield f"{name}Verdict{suffix}", escaped(str(row["verdict"]))
    mean, low, high, margin, p, seeds = (row[key] for key in ("effect", "low", "high", "margin", "p", "seeds"))
    if pd.isna(mean):
        return
    unit = str(row["unit"])
    yield f"{name}Effect{suffix}", signed(mean)
    yield f"{name}Result{suffix}", effect(mean, low, high, unit)
    yield f"{name}Unit{suffix}", escaped(unit)
    yield f"{name}Margin{suffix}", rf"\ensuremath{{{margin:.3g}}}"
    yield f"{name}Seeds{suffix}", f"{seeds:.0f}"
    if not pd.isna(low):
        yield f"{name}Low{suffix}", signed(low)
        yield f"{name}High{suffix}", signed(high)
        yield f"{name}Interval{suffix}", interval(low, high)
        if not pd.isna(p):
            yield f"{name}P{suffix}", probability(p)


def of_accuracies(accuracies: pd.DataFrame) -> Iterator[Macro]:
    """Yield the mean accuracies in percent of each training, with their 95 % intervals by Student's t over seeds."""
    for run, rows in accuracies.groupby("run"):
        name = f"Run{letters(str(run))}"
        yield f"{name}Seeds", str(rows["seed"].nunique())
        for column in ACCURACIES:
            if rows[column].notna().any():
                yield from of_mean(f"{name}{letters(column.replace('_', '-'))}", over_seeds(rows[column]), 1)


def of_similarities(similarities: pd.DataFrame) -> Iterator[Macro]:
    """Yield the mean similarity of each layer of each final network to each reference, by the main estimator."""
    if similarities.empty:
        return
    yield "ProbeImages", str(int(similarities["n"].max()))
    main = main_estimator(list(similarities["estimator"].unique()))
    yield "Estimator", escaped(main)
    shown = similarities[similarities["estimator"] == main]
    for keys, rows in shown.groupby(["probe", "run", "reference", "layer"], sort=False):
        probe, run, reference, layer = map(str, keys)
        name = f"Similarity{letters(run)}To{letters(reference)}In{letters(layer)}On{letters(probe)}"
        yield from of_mean(name, over_seeds(rows["value"]), 3)


def of_mean(name: str, found: Estimate, digits: int) -> Iterator[Macro]:
    """Yield the macros of a mean over seeds and of its interval."""
    if pd.isna(found.effect):
        return
    yield name, plain(found.effect, digits)
    if not pd.isna(found.low):
        yield f"{name}Interval", f"[{plain(found.low, digits)}, {plain(found.high, digits)}]"


def _text(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else escaped(str(value))
