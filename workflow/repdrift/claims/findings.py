"""The findings of a study: the few sentences that its tables of verdicts are most worth reading for.

The rule, in this order:

1. The first sentence counts the verdicts. If no claim has enough seeds for a verdict, it says so once.
2. The second one tells how many verdicts hold under nearly all other choices of measurement. It is left out if nothing
   was tried.
3. Up to four claims follow. Claims with a verdict come before others, then claims of the paper before those of others,
   then large effects before small ones, in units of the margin. Each figure gives one claim, and a second one only if
   the other figures have no more. If claims are contradicted, the first of them in this order is always there.
4. A claim whose sentence goes on with that of another one is shown with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from repdrift.claims.contrasts import BACKGROUND, CALIBRATED, OURS, PAPER
from repdrift.claims.looks import looks
from repdrift.claims.numbers import effect_in_words
from repdrift.claims.rule import CONTRADICTED, MIN_SEEDS, NEGLIGIBLE, SUPPORTED, UNDECIDED, VERDICTS
from repdrift.similarity.choice import main_estimator
from repdrift.study.phrases import count, listed

MOST = 4  # claims that are named
HOLDS = 0.9  # the share of looks at the data from which on a verdict is said to hold under other choices
NUMBERS = ("effect", "low", "high", "margin", "seeds")  # columns of the table of claims
ORIGINS = (PAPER, OURS, BACKGROUND)
CONTINUED = re.compile(r"(\.\.\. |[\w ]*\b[Ii]t\b)")  # how sentences begin that go on with the one before
WORDS = {
    SUPPORTED: "{effect}{times}.",
    CONTRADICTED: "The opposite is measured: {effect}{times}.",
    NEGLIGIBLE: "No difference of interest: {effect}, all within the margin of {margin}.",
    UNDECIDED: "{direction}: {effect}{times}.",
}


@dataclass(frozen=True)
class Finding:
    """A sentence about a study.

    Attributes
    ----------
    text : str
        The measurement in words, or the whole sentence if it is about no single claim.
    claim : str
        The name of the claim; empty if the sentence is about no single claim.
    context : str
        The sentence of another claim that this one goes on with. It is empty if the sentence is whole.
    sentence : str
        The sentence of the claim.
    verdict : str
        The verdict on the claim; empty if the study has too few seeds for one.
    """

    text: str
    claim: str = ""
    context: str = ""
    sentence: str = ""
    verdict: str = ""


def numeric(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return a table of claims whose numbers are numbers. Empty cells are NaN."""
    return verdicts.assign(**{name: pd.to_numeric(verdicts[name], errors="coerce") for name in NUMBERS})


def main_rows(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the row of each claim under the main estimator, in the order of the claims.

    A claim that depends on no estimator, or that was not judged under the main one, has its first row.
    """
    names = [str(name) for name in verdicts["estimator"].unique() if name and not str(name).endswith(CALIBRATED)]
    main = main_estimator(names) if names else ""
    usual = verdicts[verdicts["estimator"].isin(["", main])]
    rows = pd.concat([usual, verdicts]).drop_duplicates("claim")
    return rows.set_index("claim", drop=False).loc[verdicts["claim"].drop_duplicates()].reset_index(drop=True)


def findings(verdicts: pd.DataFrame, multiverse: pd.DataFrame) -> list[Finding]:
    """Return the findings of a study by the rule above.

    Parameters
    ----------
    verdicts : DataFrame
        The table of the claims, see `repdrift.claims.judging.CLAIMS`.
    multiverse : DataFrame
        The verdicts under all choices of measurement, with the columns claim, layer, look and verdict.
    """
    rows = main_rows(numeric(verdicts))
    decidable = rows["seeds"].max() >= MIN_SEEDS
    sentences = dict(zip(rows["claim"].map(str), rows["sentence"].map(str), strict=True))
    named = [of_claim(row, sentences) for _, row in chosen(rows).iterrows()]
    robust = robustness(rows, multiverse) if decidable else ""
    return [Finding(counted(rows)), *([Finding(robust)] if robust else []), *named]


def counted(rows: pd.DataFrame) -> str:
    """Return the sentence that counts the verdicts on some claims, or that says why there are none."""
    seeds = int(rows["seeds"].max()) if len(rows) else 0
    claims = count(len(rows), "claim")
    if seeds < MIN_SEEDS:
        none = "its claim has none" if len(rows) == 1 else f"none of its {claims} has one"
        few = f"How sure: a verdict needs at least {MIN_SEEDS} seeds and this study has {seeds or 'none'}, so {none}."
        return few + (" The largest measured effects follow." if rows["effect"].notna().any() else "")
    found = rows["verdict"].value_counts()
    parts = [
        f"{found[verdict]} {'is' if found[verdict] == 1 else 'are'} {verdict}"
        for verdict in VERDICTS
        if verdict in found
    ]
    return f"Of {claims}, judged on {count(seeds, 'seed')}, {listed(parts)}."


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that are named, in the order of the rule."""
    measured = rows[rows["effect"].notna()]
    measured = measured.assign(
        open=measured["verdict"] == UNDECIDED,
        rank=[ORIGINS.index(origin) for origin in measured["origin"]],
        size=[-size_of(row) for _, row in measured.iterrows()],
    )
    measured = measured.assign(again=0).sort_values(["open", "rank", "size"], kind="stable")
    if not measured["open"].all():
        measured = measured[~measured["open"]]
    measured = measured.assign(again=measured.groupby("figure", sort=False).cumcount())
    first = measured.sort_values(["again", "open", "rank", "size"], kind="stable").head(MOST)
    against = measured[measured["verdict"] == CONTRADICTED].head(1)
    if len(against) and against.index[0] not in first.index:
        first = pd.concat([first.head(MOST - 1), against])
    return first.sort_values(["open", "rank", "size"], kind="stable")


def size_of(row: "pd.Series[float]") -> float:
    """Return the size of an effect in margins. Without a margin it has none, which counts as the smallest."""
    return abs(row["effect"]) / row["margin"] if row["margin"] > 0 else 0.0


def of_claim(row: "pd.Series[float]", sentences: Mapping[str, str]) -> Finding:
    """Return the finding on a claim, given its row under the main estimator and the sentences of all claims."""
    times = size_of(row)
    words = WORDS[str(row["verdict"])].format(
        effect=effect_in_words(row["effect"], row["low"], row["high"], str(row["unit"])),
        times=f", {times:.2g} times the smallest effect of interest" if 1 <= times < 100 else "",
        margin=f"{row['margin']:.2g} {row['unit']}",
        direction="Measured as claimed" if row["effect"] > 0 else "Measured the other way",
    )
    verdict = str(row["verdict"]) if row["seeds"] >= MIN_SEEDS else ""
    name, about = str(row["claim"]), ", ".join(filter(None, (str(row["contrast"]), str(row["layer"]))))
    return Finding(f"{words} Compared is: {about}.", name, context(name, sentences), sentences[name], verdict)


def context(name: str, sentences: Mapping[str, str]) -> str:
    """Return the sentence that the one of a claim goes on with, given all sentences in order; empty if it is whole.

    Such a sentence goes on with the one before it, or begins as ``As G8,`` does.
    """
    named = re.match(r"As (\w+),", sentences[name])
    if named:
        return sentences.get(named[1], "")
    if not CONTINUED.match(sentences[name]):
        return ""
    before = list(sentences)[: list(sentences).index(name)]
    return next((sentences[one] for one in reversed(before) if not CONTINUED.match(sentences[one])), "")


def robustness(rows: pd.DataFrame, multiverse: pd.DataFrame) -> str:
    """Return the sentence that tells how many verdicts hold under other choices; empty if none was tried."""
    tried = holding = 0
    whole = multiverse[multiverse["layer"] == ""]
    for _, row in rows[rows["verdict"] != UNDECIDED].iterrows():
        found = looks(whole[whole["claim"] == row["claim"]])
        if found.total() > 1:
            tried += 1
            holding += found[str(row["verdict"])] >= HOLDS * found.total()
    if not tried:
        return ""
    verdicts = f"{count(tried, 'verdict')} that {'was' if tried == 1 else 'were'} also given under other choices"
    hold = f"{holding} hold{'s' if holding == 1 else ''} in at least {100 * HOLDS:.0f} % of the choices"
    return f"How sure: of the {verdicts} of measurement, {hold}."
