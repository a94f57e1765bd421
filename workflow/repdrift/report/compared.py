"""Several studies side by side: their claims in one matrix, and their figures beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from repdrift.claims.findings import main_rows, numeric
from repdrift.claims.rule import MIN_SEEDS
from repdrift.report.claims import effect_of
from repdrift.study.phrases import count

SAME = ["claim", "contrast", "layer"]  # the columns that tell what a contrast is


@dataclass(frozen=True)
class Shown:
    """A study beside others.

    Attributes
    ----------
    name : str
        Its name in the heads of columns.
    title : str
    studied : mapping of str to str
        What was studied, by heading.
    verdicts : DataFrame
        The table of its claims, see `repdrift.claims.judging.CLAIMS`.
    contrasts : DataFrame
        The tables of the contrasts of all claims, see `repdrift.claims.judging.CONTRASTS`.
    figures : mapping of str to mapping
        What the page shows of each figure, by the name of the figure.
    """

    name: str
    title: str
    studied: Mapping[str, str]
    verdicts: pd.DataFrame
    contrasts: pd.DataFrame
    figures: Mapping[str, Mapping[str, Any]]


def matrix(studies: Sequence[Shown]) -> list[dict[str, Any]]:
    """Return a row for each claim of any study, with a cell for each study; None if the study lacks the claim.

    A row says whether the studies that give a verdict on its claim disagree.
    """
    tables = [{str(row["claim"]): row for _, row in main_rows(numeric(one.verdicts)).iterrows()} for one in studies]
    rows = []
    for name in dict.fromkeys(name for table in tables for name in table):
        owners = [table[name] for table in tables if name in table]
        cells = [cell(table[name]) if name in table else None for table in tables]
        given = {one["verdict"] for one in cells if one and one["judged"]}
        first = owners[0]
        rows.append(
            {
                "name": name,
                **{column: str(first[column]) for column in ("sentence", "origin", "figure")},
                "cells": cells,
                "differs": len(given) > 1,
                "shared": sum(1 for one in cells if one and one["judged"]) == len(studies),
            }
        )
    return rows


def cell(row: "pd.Series[Any]") -> dict[str, Any]:
    """Return what a cell shows of a claim: its verdict, if there are enough seeds for one, and its effect."""
    return {
        "verdict": str(row["verdict"]),
        "judged": bool(row["seeds"] >= MIN_SEEDS),
        "effect": effect_of(row),
        "seeds": count(int(row["seeds"]), "seed"),
    }


def effects(studies: Sequence[Shown]) -> list[dict[str, object]]:
    """Return the rows of figure `regime`: an effect of each claim that two studies or more have measured.

    All studies that have measured it show the same contrast, which is the one that the verdict of the first study with
    enough seeds for a verdict depends on. A study without that contrast shows the one that its own verdict depends on.
    """
    found: dict[str, list[tuple[Shown, pd.Series[Any]]]] = {}
    for study in studies:
        for _, row in main_rows(numeric(study.verdicts)).dropna(subset="effect").iterrows():
            found.setdefault(str(row["claim"]), []).append((study, row))
    rows: list[dict[str, object]] = []
    for measured in found.values():
        if len(measured) == 1:
            continue
        leading = next((row for _, row in measured if row["seeds"] >= MIN_SEEDS), measured[0][1])
        for study, row in measured:
            images = f"{int(row['images']):,} images, " if row["images"] else ""
            seeds = count(int(row["seeds"]), "seed")
            same = same_contrast(study.contrasts, leading, str(row["estimator"]))
            rows.append({**row, **same, "series": study.name, "images": f"{images}{seeds}"})
    return rows


def same_contrast(contrasts: pd.DataFrame, leading: "pd.Series[Any]", estimator: str) -> dict[str, Any]:
    """Return the row of the contrast that the row of a claim names, under an estimator.

    It is empty if there is no such contrast, or if its effect is undefined.
    """
    at = (contrasts["estimator"] == estimator) & (contrasts[SAME] == leading[SAME]).all(axis=1)
    found = numeric(contrasts[at]).dropna(subset="effect")
    return {} if found.empty else dict(found.iloc[0])


def agreement(rows: Sequence[Mapping[str, Any]], studies: int) -> str:
    """Return the sentence that tells on how many claims the studies agree, given the rows of their matrix."""
    shared = [row for row in rows if row["shared"]]
    if studies == 1:
        return f"One study with {count(len(rows), 'claim')}."
    if not shared:
        return f"No claim has a verdict in each of the {studies} studies; a verdict needs at least {MIN_SEEDS} seeds."
    same = sum(not row["differs"] for row in shared)
    have = "has" if len(shared) == 1 else "have"
    agree = f"For {same or 'none'} of these claims, the verdicts agree."
    return f"{count(len(shared), 'claim')} {have} a verdict in each of the {studies} studies. {agree}"


def headings(studies: Sequence[Shown]) -> list[str]:
    """List the headings under which any study says what was studied."""
    return list(dict.fromkeys(heading for study in studies for heading in study.studied))


def figures_beside(studies: Sequence[Shown]) -> list[dict[str, Any]]:
    """Return the figures of all studies by name, each with the studies that have it."""
    names = list(dict.fromkeys(name for study in studies for name in study.figures))
    found = []
    for name in names:
        owners = [(study.name, study.figures[name]) for study in studies if name in study.figures]
        found.append({"name": name, "title": owners[0][1]["title"], "studies": owners})
    return sorted(found, key=lambda one: not one["studies"][0][1]["claims"])
