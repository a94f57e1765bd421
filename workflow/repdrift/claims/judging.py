"""The two tables of verdicts: a row for each contrast, and a row for each claim, under each estimator."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import pandas as pd

from repdrift.claims import measurements
from repdrift.claims.contrasts import ANY, CALIBRATED, CURVE, HISTORY, SIMILARITY, Claim, Contrast, HistoryOf
from repdrift.claims.doubt import doubt
from repdrift.claims.estimates import estimate
from repdrift.claims.measurements import Numbers, Replicates
from repdrift.claims.regime import Regime
from repdrift.claims.rule import SUPPORTED
from repdrift.claims.verdict import Judged, judge, together
from repdrift.provenance.csv_tables import read_csv

CONTRASTS = (
    "claim", "sentence", "origin", "contrast", "layer", "decides", "needs", "estimator", "seeds", "effect", "se", "low",
    "high", "margin", "unit", "equal", "p", "probes", "above_null", "verdict", "reason",
)  # fmt: skip
REGIME = tuple(one.name for one in fields(Regime))
CLAIMS = (
    "claim", "sentence", "source", "origin", "figure", "needs", "estimator", "verdict", "reason", "contrast", "layer",
    "effect", "low", "high", "margin", "unit", "p", "seeds", *REGIME,
)  # fmt: skip
SIGNIFICANT = 0.05  # a similarity with a larger p-value may be one of unrelated images
NO_RUNS = "the study has no such runs"

Row = dict[str, object]


@dataclass(frozen=True)
class Measured:
    """The measurements that contrasts read, by table.

    Attributes
    ----------
    numbers : mapping of str to Numbers
        One number for each seed.
    replicates : mapping of str to Replicates
        The numbers on resampled probes, for the tables that have them.
    p_values : Numbers
        The p-values of the similarities against their nulls.
    """

    numbers: Mapping[str, Numbers]
    replicates: Mapping[str, Replicates] = field(default_factory=dict)
    p_values: Numbers = field(default_factory=dict)


@dataclass(frozen=True)
class ContrastVerdict:
    """A contrast and its verdict. `probes` tells whether the interval also holds for other probes."""

    contrast: Contrast
    judged: Judged
    probes: bool


def judge_contrasts(claim: Claim, found: Measured) -> list[ContrastVerdict]:
    """Judge the contrasts of a claim in their order. Contrasts without measurements are left out.

    Contrasts that decide are a family of tests. The others, which are only shown, are another.
    """
    results: dict[int, ContrastVerdict] = {}
    for decides in (True, False):
        family: list[tuple[int, ContrastVerdict]] = []
        for place, contrast in enumerate(claim.contrasts):
            values = measurements.values(contrast, found.numbers.get(contrast.table, {}))
            if values is None or contrast.decides != decides:
                continue
            resampled = measurements.resampled(contrast, found.replicates.get(contrast.table, {}))
            raw = Judged(estimate(values, resampled), contrast.scale.margin, contrast.equal)
            family.append((place, ContrastVerdict(contrast, raw, resampled is not None)))
        verdicts = judge([one.judged for _, one in family], claim.needs)
        for (place, one), verdict in zip(family, verdicts, strict=True):
            results[place] = ContrastVerdict(one.contrast, verdict, one.probes)
    return [results[place] for place in sorted(results)]


def contrast_row(claim: Claim, estimator: str, one: ContrastVerdict, p_values: Numbers) -> Row:
    """Return the row of a contrast under one estimator."""
    contrast, judged, found = one.contrast, one.judged, one.judged.estimate
    row = {
        "claim": claim.name,
        "sentence": claim.sentence,
        "origin": claim.origin,
        "contrast": contrast.label,
        "layer": contrast.layer,
        "decides": int(contrast.decides),
        "needs": claim.needs,
        "estimator": estimator,
        "seeds": found.seeds,
        "se": found.error,
        **effect_cells(one),
        "equal": int(contrast.equal),
        "probes": int(one.probes),
        "above_null": seeds_above(contrast, p_values),
        "verdict": judged.verdict,
        "reason": judged.reason,
    }
    return without_nan(row)


def effect_cells(one: ContrastVerdict) -> Row:
    """Return the effect of a contrast with its interval, margin, unit and p-value."""
    found = one.judged.estimate
    return {
        "effect": found.effect,
        "low": found.low,
        "high": found.high,
        "margin": one.contrast.scale.margin,
        "unit": one.contrast.scale.unit,
        "p": one.judged.p_support,
    }


def without_nan(row: Row) -> Row:
    """Return a row whose undefined numbers are None, which a CSV shows as an empty cell."""
    return {name: None if isinstance(cell, float) and math.isnan(cell) else cell for name, cell in row.items()}


def seeds_above(contrast: Contrast, p_values: Numbers) -> int | None:
    """Return the number of seeds in which all similarities of a contrast are significant.

    The result is None if the contrast has no null.
    """
    if contrast.table != SIMILARITY or not set(contrast.by_key) <= set(p_values):
        return None
    return int((pd.concat([p_values[key] for key in contrast.by_key], axis=1) <= SIGNIFICANT).all(axis=1).sum())


def claim_row(claim: Claim, estimator: str, verdicts: Sequence[ContrastVerdict], regime: Regime) -> Row:
    """Return the row of a claim under one estimator, given the verdicts on its contrasts.

    Effect, interval and p-value are those of the contrast that the verdict hangs on.
    """
    deciding = [one for one in verdicts if one.contrast.decides]
    verdict = together([one.judged.verdict for one in deciding], claim.needs)
    # The reason names only the contrasts that have the verdict of the claim.
    against = [one for one in deciding if one.judged.verdict == verdict != SUPPORTED]
    row: Row = {
        "claim": claim.name,
        "sentence": claim.sentence,
        "source": claim.source,
        "origin": claim.origin,
        "figure": claim.figure,
        "needs": claim.needs,
        "estimator": estimator,
        "verdict": verdict,
        "reason": "; ".join(in_words(against, len(deciding))) if deciding else NO_RUNS,
        "seeds": min((one.judged.estimate.seeds for one in deciding), default=0),
        **asdict(regime),
    }
    if deciding:
        decisive = decisive_one(deciding, verdict, claim.needs)
        row |= {"contrast": decisive.contrast.label, "layer": decisive.contrast.layer, **effect_cells(decisive)}
    return without_nan(row)


def decisive_one(verdicts: Sequence[ContrastVerdict], verdict: str, needs: str) -> ContrastVerdict:
    """Return the contrast that the verdict on a claim hangs on.

    Of the contrasts with the same verdict it is the strongest if any contrast suffices, and the weakest if all are
    needed.
    """
    same = [one for one in verdicts if one.judged.verdict == verdict] or verdicts

    def weakness(one: ContrastVerdict) -> tuple[float, float]:
        return doubt(one.judged.p_support, one.judged.estimate.effect, equal=one.contrast.equal)

    return (min if needs == ANY else max)(same, key=weakness)


def in_words(verdicts: Sequence[ContrastVerdict], count: int) -> Iterator[str]:
    """Yield the reasons why contrasts do not support a claim. `count` is the number of contrasts that decide.

    A reason that all contrasts share stands there once.
    """
    if len({one.judged.reason for one in verdicts}) == 1 and len(verdicts) == count:
        yield verdicts[0].judged.reason
        return
    for one in verdicts:
        where = f" ({one.contrast.layer})" if one.contrast.layer else ""
        yield f"{one.contrast.label}{where}: {one.judged.reason}"


def measured_by_estimators(
    similarity: pd.DataFrame, halves: pd.DataFrame, curve: pd.DataFrame, *, calibrated: bool
) -> Iterator[tuple[str, Measured]]:
    """Yield each estimator with its measurements, and a second time with calibrated values if these are asked for."""
    for name, table in similarity.groupby("estimator", sort=False):
        estimator = str(name)
        curves = measurements.curves(curve[curve["estimator"] == estimator])
        p_values = measurements.similarities(table, "p")
        replicates = measurements.replicates(halves[halves["estimator"] == estimator])
        numbers = {SIMILARITY: measurements.similarities(table), CURVE: curves}
        yield estimator, Measured(numbers, {SIMILARITY: replicates}, p_values)
        if calibrated:
            values = measurements.similarities(table, "calibrated")
            yield f"{estimator}{CALIBRATED}", Measured({SIMILARITY: values}, {}, p_values)


def on_its_scale(claim: Claim, estimator: str) -> bool:
    """Return whether a claim has no threshold of linear CKA, or an estimator is on the scale of linear CKA."""
    linear = estimator.startswith("cka-") and not estimator.endswith(CALIBRATED)
    return linear or not any(contrast.threshold for contrast in claim.contrasts)


def judge_claims(
    claims: Sequence[Claim], estimators: Sequence[tuple[str, Measured]], others: Mapping[str, Numbers], regime: Regime
) -> tuple[list[Row], list[Row]]:
    """Judge claims, and return the rows of the contrasts and the rows of the claims.

    Parameters
    ----------
    claims : sequence of Claim
    estimators : sequence of (str, Measured)
        The measurements by each estimator, see `measured_by_estimators`.
    others : mapping of str to Numbers
        The numbers that do not depend on the choice of an estimator, by table.
    regime : Regime
    """
    contrasts: list[Row] = []
    verdicts: list[Row] = []
    for claim in claims:
        tables = {contrast.table for contrast in claim.contrasts}
        usual = [("", Measured(others))] if tables <= set(others) else estimators
        for estimator, found in usual:
            if not on_its_scale(claim, estimator):
                continue
            judged = judge_contrasts(claim, found)
            if judged or not estimator:
                contrasts += [contrast_row(claim, estimator, one, found.p_values) for one in judged]
                verdicts.append(claim_row(claim, estimator, judged, regime))
    return contrasts, verdicts


def read(paths: Sequence[Path]) -> pd.DataFrame:
    """Read tables of similarities into one. It has no rows if there are no tables."""
    if not paths:
        return pd.DataFrame(columns=["estimator"])
    return pd.concat([read_csv(path) for path in paths], ignore_index=True)


def read_histories(owners: Sequence[HistoryOf], paths: Sequence[Path]) -> dict[HistoryOf, pd.DataFrame]:
    """Read histories, given the run and the seed of each file."""
    return {owner: read_csv(path) for owner, path in zip(owners, paths, strict=True)}


def other_numbers(
    claims: Sequence[Claim],
    histories: Mapping[HistoryOf, pd.DataFrame],
    tables: Mapping[str, pd.DataFrame],
    keys: Mapping[str, Sequence[str]],
) -> dict[str, Numbers]:
    """Return the numbers that do not depend on the choice of an estimator, by table.

    Parameters
    ----------
    claims : sequence of Claim
    histories : mapping of HistoryOf to DataFrame
    tables : mapping of str to DataFrame
        The tables of an experiment by name.
    keys : mapping of str to sequence of str
        The columns that identify a number in each of these tables.
    """
    contrasts = [found for claim in claims for found in claim.contrasts if found.table == HISTORY]
    found: dict[str, Numbers] = {HISTORY: measurements.histories(histories, contrasts)}
    return found | {name: measurements.keyed(table, keys[name]) for name, table in tables.items()}
