"""The rows of a forest plot of contrasts: which contrasts have one, and which are marks on the row of another."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pandas as pd

from repdrift.claims.contrasts import ANY
from repdrift.claims.doubt import doubt
from repdrift.figures.margins import drawn_margin
from repdrift.figures.table import ordered


@dataclass(frozen=True)
class Effect:
    """A contrast under one estimator. The attributes are columns of `repdrift.claims.judging.CONTRASTS`."""

    contrast: str
    layer: str
    estimator: str
    decides: bool
    seeds: int
    effect: float
    low: float
    high: float
    margin: float
    unit: str
    equal: bool
    p: float
    verdict: str

    @property
    def doubt(self) -> tuple[float, float]:
        """The key that sorts effects from the strongest to the weakest."""
        return doubt(self.p, self.effect, equal=self.equal)

    @classmethod
    def all_of(cls, table: pd.DataFrame) -> list["Effect"]:
        """Return the effects of a table. An undefined p-value counts as 1."""
        numbers = ("effect", "low", "high", "margin")
        words = ("contrast", "layer", "estimator", "unit", "verdict")
        rows: list[dict[Hashable, Any]] = table.to_dict("records")
        found: list[Effect] = []
        for row in rows:
            cells: dict[str, Any] = {
                **{name: float(row[name]) for name in numbers},
                **{name: str(row[name]) for name in words},
                **{name: bool(row[name]) for name in ("decides", "equal")},
            }
            found.append(cls(seeds=int(row["seeds"]), p=1.0 if pd.isna(row["p"]) else row["p"], **cells))
        return found

    def in_margins(self, value: float) -> float:
        """Return a value in margins."""
        return value / drawn_margin(self.margin, self.unit)


@dataclass(frozen=True)
class Row:
    """A row of the plot.

    Attributes
    ----------
    label : str
    effects : list of Effect
        The contrast under each estimator, with the main one first.
    beside : list of Effect
        The contrasts that are marks on this row, under the main estimator.
    """

    label: str
    effects: list[Effect]
    beside: list[Effect]

    @property
    def main(self) -> Effect:
        return self.effects[0]


@dataclass(frozen=True)
class Claim:
    """A claim with its rows. `verdicts` has the verdicts on all contrasts that decide, by estimator."""

    name: str
    sentence: str
    origin: str
    needs: str
    rows: list[Row]
    verdicts: dict[str, list[str]]


def claims_in(table: pd.DataFrame, main: str, most: int) -> Iterator[Claim]:
    """Yield the claims of a table of contrasts.

    Parameters
    ----------
    table : DataFrame
        The table, with the columns of `repdrift.claims.judging.CONTRASTS`.
    main : str
        The main estimator.
    most : int
        The most rows of a claim. If a claim has more contrasts that decide, those with the same label share a row,
        which shows the one that the verdict hangs on. If there are still too many, those that the verdict hangs on
        least are marks on the last row.
    """
    for name in ordered(table["claim"]):
        own = table[table["claim"] == name]
        first = own.iloc[0]
        needs = str(first["needs"])
        effects = sorted(Effect.all_of(own), key=lambda one: not one.estimator.startswith(main))
        verdicts: dict[str, list[str]] = {}
        for one in effects:
            if one.decides:
                verdicts.setdefault(one.estimator, []).append(one.verdict)
        rows = list(_rows(effects, main, needs, most))
        yield Claim(name, str(first["sentence"]), str(first["origin"]), needs, rows, verdicts)


def _rows(effects: Sequence[Effect], main: str, needs: str, most: int) -> Iterator[Row]:
    decide = [one for one in effects if one.decides]
    # If no contrast decides, the ones that are shown have rows.
    shown = decide or list(effects)
    others = [one for one in effects if one not in shown and one.estimator in ("", main)]
    labels = list(dict.fromkeys(one.contrast for one in shown))
    beside: dict[str, list[Effect]] = {label: [] for label in labels}
    for one in others:
        beside[_nearest(one.contrast, labels)].append(one)
    places = list(dict.fromkeys((one.contrast, one.layer) for one in shown))
    if len(places) <= most:
        for label, layer in places:
            here = [one for one in shown if (one.contrast, one.layer) == (label, layer)]
            yield Row(_named(label, layer), here, beside.pop(label, []))
        return
    rows = [_folded([one for one in shown if one.contrast == label], beside[label], main, needs) for label in labels]
    if len(rows) > most:
        rows.sort(key=lambda row: row.main.doubt, reverse=needs != ANY)
        *kept, last = rows[:most]
        left = rows[most:]
        marks = [one for row in left for one in (*row.effects, *row.beside) if one.estimator in ("", main)]
        rows = [*kept, Row(f"{last.label}, and {len(left)} more", last.effects, [*last.beside, *marks])]
    yield from rows


def _nearest(label: str, labels: Sequence[str]) -> str:
    """Return the label that begins with most of the same letters."""

    def shared(other: str) -> int:
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(label, other, strict=False)))

    return max(labels, key=shared)


def _folded(group: Sequence[Effect], beside: list[Effect], main: str, needs: str) -> Row:
    """Make one row of contrasts with the same label."""
    of_main = [one for one in group if one.estimator in ("", main)] or list(group)
    hangs = hangs_on(of_main, needs)
    layers = {one.layer for one in group}
    which = f", {'strongest' if needs == ANY else 'weakest'} of {len(layers)}" if len(layers) > 1 else ""
    here = [one for one in group if one.layer == hangs.layer]
    rest = [one for one in of_main if one.layer != hangs.layer]
    return Row(_named(hangs.contrast, hangs.layer) + which, here, [*rest, *beside])


def hangs_on(effects: Sequence[Effect], needs: str) -> Effect:
    """Return the contrast that the verdict hangs on.

    It is the strongest one if any contrast suffices, and the weakest if all are needed.
    """
    return (min if needs == ANY else max)(effects, key=lambda one: one.doubt)


def _named(label: str, layer: str) -> str:
    return f"{label}: {layer}" if layer else label
