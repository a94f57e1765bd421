"""Verdicts, and comparisons with published numbers, as tables in Markdown for the pages of the documentation."""

from collections.abc import Sequence

import pandas as pd

from repdrift.claims.contrasts import CALIBRATED
from repdrift.claims.judging import Row
from repdrift.claims.looks import SPLIT, looks
from repdrift.claims.rule import MIN_SEEDS, VERDICTS
from repdrift.claims.verdict import seeds_in_words

PHASES = {"scratch": "from scratch on", "finetune": "fine-tuned on"}
HEAD = ("claim", "sentence", "verdict", "decisive contrast", "effect [95 % interval]", "margin", "looks")


def verdict_table(verdicts: Sequence[Row], multiverse: pd.DataFrame) -> str:
    """Return the table of the verdicts on some claims, with a row for each claim.

    A claim with too few seeds has no verdict, and its row says how many there are.

    Parameters
    ----------
    verdicts : sequence of Row
        The rows of the claims, see `repdrift.claims.judging`.
    multiverse : DataFrame
        The verdicts under all choices of measurement, with the columns claim, layer, look and verdict.
    """
    lines: list[Sequence[str]] = []
    for name in dict.fromkeys(row["claim"] for row in verdicts):
        rows = [row for row in verdicts if row["claim"] == name]
        # The last uncalibrated estimator is the debiased one, whose effect has no bias to compare.
        shown = [row for row in rows if not str(row["estimator"]).endswith(CALIBRATED)][-1]
        where = f" ({shown['layer']})" if shown.get("layer") else ""
        sentence = f"{shown['sentence']}" + (f" *({shown['origin']})*" if shown["origin"] != "paper" else "")
        seeds = int(str(shown["seeds"]))
        judged = not 0 < seeds < MIN_SEEDS
        verdict = _by_estimator(rows) if judged else f"none, {seeds_in_words(seeds)}"
        looks = counted(multiverse[(multiverse["claim"] == name) & (multiverse["layer"] == "")]) if judged else ""
        cells = (
            f"{name}", sentence, verdict, f"{shown.get('contrast', '')}{where}", _effect(shown),
            f"{shown['margin']:.2g} {shown['unit']}" if "margin" in shown else "", looks,
        )  # fmt: skip
        lines.append(cells)
    return table(HEAD, lines)


def validation_table(rows: Sequence[Row]) -> str:
    """Return a table of a study's numbers beside published ones, with a row for each training.

    A cell has our mean, the published mean and, in parentheses, their difference in combined standard errors.

    `rows` are those of the table ``validation`` of a study.
    """
    measures = list(dict.fromkeys(str(row["measure"]) for row in rows))
    head = ("training", "labels", "images", *(measure.replace("_", " ") for measure in measures))
    lines: list[Sequence[str]] = []
    trainings: dict[tuple[object, ...], dict[str, Row]] = {}
    for row in rows:
        training = tuple(row[name] for name in ("phase", "dataset", "labels", "images", "same_images"))
        trainings.setdefault(training, {})[str(row["measure"])] = row
    for (phase, dataset, labels, images, same), found in trainings.items():
        cells = [_beside(found[measure]) if measure in found else "" for measure in measures]
        what = f"{images:,}" if same else f"{images:,}, others than theirs"
        lines.append((f"{PHASES[str(phase)]} {dataset}", str(labels).replace("random", "d ="), what, *cells))
    return table(head, lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, given the cells of its head and of its rows."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))


def _beside(row: Row) -> str:
    digits = 1 if str(row["measure"]).endswith("accuracy") else 3
    errors = "" if row["errors"] is None else f" ({row['errors']:+.1f})"
    return f"{row['mean']:.{digits}f} / {row['published']:.{digits}f}{errors}"


def counted(rows: pd.DataFrame) -> str:
    """Return the number of looks with each verdict, in words. A look whose rows disagree is split."""
    count = looks(rows)
    return ", ".join(f"{count[name]} {name}" for name in (*VERDICTS, SPLIT) if count[name])


def _by_estimator(rows: Sequence[Row]) -> str:
    """Return the verdict, or the verdict under each estimator if they differ."""
    found = {str(row["estimator"]): str(row["verdict"]) for row in rows}
    if len(set(found.values())) == 1:
        return f"**{next(iter(found.values()))}**"
    return "; ".join(f"{estimator}: **{verdict}**" for estimator, verdict in found.items())


def _effect(row: Row) -> str:
    if row.get("effect") is None:
        return ""
    if row.get("low") is None:
        return f"{row['effect']:+.3g}"
    return f"{row['effect']:+.3g} [{row['low']:+.3g}, {row['high']:+.3g}]"
