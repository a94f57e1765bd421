"""The tables of a study for a LaTeX text: its verdicts, accuracies and similarities."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from repdrift.export.finished import ACCURACIES, Finished, over_seeds
from repdrift.export.latex import escaped, long_table
from repdrift.export.numbers import of_main_estimator
from repdrift.export.quoted import effect, plain
from repdrift.similarity.choice import main_estimator

TEXT = r">{\raggedright\arraybackslash}p{%s\linewidth}"  # a column of running text with a share of the width
CODE = TEXT % "0.34"


def every(study: Finished) -> dict[str, str]:
    """Return the LaTeX source of all tables, by the name of its file."""
    found = {"verdicts": verdicts(study.verdicts), "accuracies": accuracies(study.accuracies)}
    if not study.similarities.empty:
        found["similarities"] = similarities(study.similarities)
    return {f"{name}.tex": table for name, table in found.items()}


def verdicts(found: pd.DataFrame) -> str:
    """Return the table of the verdicts on all claims by the main estimator."""
    columns = {
        "claim": "l",
        "sentence": TEXT % "0.38",
        "verdict": "l",
        "effect [95 % interval]": TEXT % "0.22",
        "margin": "r",
        "seeds": "r",
    }
    return long_table(columns, map(_verdict, (row for _, row in of_main_estimator(found).iterrows())))


def _verdict(row: "pd.Series[Any]") -> list[str]:
    mean, low, high, margin, seeds = (row[key] for key in ("effect", "low", "high", "margin", "seeds"))
    known = not pd.isna(mean)
    return [
        *(escaped(str(row[key])) for key in ("claim", "sentence", "verdict")),
        effect(mean, low, high, str(row["unit"])) if known else "",
        rf"\ensuremath{{{margin:.3g}}}" if known else "",
        f"{seeds:.0f}",
    ]


def accuracies(found: pd.DataFrame) -> str:
    """Return the table of the accuracies of all trainings."""
    columns = {"training": CODE, "test accuracy (%)": "l", "training accuracy (%)": "l", "seeds": "r"}
    rows = (
        [code(str(run)), *(mean(each[name], 1) for name in ACCURACIES), str(each["seed"].nunique())]
        for run, each in found.groupby("run")
    )
    return long_table(columns, rows)


def similarities(found: pd.DataFrame) -> str:
    """Return the table of the mean similarities of final networks to their references, by the main estimator."""
    shown = found[found["estimator"] == main_estimator(list(found["estimator"].unique()))]
    layers = list(dict.fromkeys(shown["layer"]))
    columns = {"training": CODE, "probe": "l", "reference": "l", **dict.fromkeys(layers, "r")}
    return long_table(columns, _similarities(shown, layers))


def _similarities(shown: pd.DataFrame, layers: Sequence[str]) -> Iterator[list[str]]:
    for keys, rows in shown.groupby(["run", "probe", "reference"], sort=False):
        run, *others = map(str, keys)
        means = (over_seeds(rows.loc[rows["layer"] == layer, "value"]).effect for layer in layers)
        yield [code(run), *map(escaped, others), *("" if pd.isna(one) else plain(one, 3) for one in means)]


def code(name: str) -> str:
    """Return a name as it stands in files. It may be broken after its signs."""
    text = escaped(name)
    for sign in ("+", "-", "/", "@"):
        text = text.replace(sign, rf"{sign}\allowbreak{{}}")
    return rf"\texttt{{{text}}}"


def mean(values: "pd.Series[Any]", digits: int) -> str:
    """Return the mean over seeds with its interval, as far as they are known."""
    found = over_seeds(values)
    if pd.isna(found.effect):
        return ""
    known = "" if pd.isna(found.low) else f" [{plain(found.low, digits)}, {plain(found.high, digits)}]"
    return plain(found.effect, digits) + known
