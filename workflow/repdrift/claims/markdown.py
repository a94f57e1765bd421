"""Verdicts as a table in Markdown, for the pages of the documentation."""

from collections.abc import Sequence

import pandas as pd

from repdrift.claims.judging import Row
from repdrift.claims.looks import SPLIT, looks
from repdrift.claims.rule import VERDICTS

HEAD = ("claim", "sentence", "verdict", "decisive contrast", "effect [95 % interval]", "margin", "looks")


def verdict_table(verdicts: Sequence[Row], multiverse: pd.DataFrame) -> str:
    """Return the table of the verdicts on some claims, with a row for each claim.

    Parameters
    ----------
    verdicts : sequence of Row
        The rows of the claims, see `repdrift.claims.judging`.
    multiverse : DataFrame
        The verdicts under all choices of measurement, with the columns claim, layer, look and verdict.
    """
    lines = [_line(HEAD), _line(["---"] * len(HEAD))]
    for name in dict.fromkeys(row["claim"] for row in verdicts):
        rows = [row for row in verdicts if row["claim"] == name]
        # The last uncalibrated estimator is the debiased one, whose effect has no bias to compare.
        shown = [row for row in rows if not str(row["estimator"]).endswith(", calibrated")][-1]
        where = f" ({shown['layer']})" if shown.get("layer") else ""
        sentence = f"{shown['sentence']}" + (f" *({shown['origin']})*" if shown["origin"] != "paper" else "")
        looks = counted(multiverse[(multiverse["claim"] == name) & (multiverse["layer"] == "")])
        cells = (
            f"{name}", sentence, _by_estimator(rows), f"{shown.get('contrast', '')}{where}", _effect(shown),
            f"{shown['margin']:.2g} {shown['unit']}" if "margin" in shown else "", looks,
        )  # fmt: skip
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


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


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
