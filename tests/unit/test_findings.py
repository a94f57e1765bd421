"""The findings of a study: which claims are named, in what order and in what words."""

import pandas as pd
import pytest
from tests.report_page import CHOICE, CLAIM

from repdrift.claims.findings import MOST, context, findings

NOTHING_TRIED = pd.DataFrame(columns=["claim", "layer", "look", "verdict"])


def claim(name, **changes):
    return CLAIM | {"claim": name, "sentence": f"Sentence of {name}", "origin": "paper", "figure": name} | changes


def found(*rows, multiverse=NOTHING_TRIED):
    table = pd.DataFrame(rows)
    # As read from a CSV without missing values, the columns of numbers have texts.
    return findings(table.astype(object).where(table.notna(), "").astype(str), multiverse)


def names(*rows, **others):
    return [one.claim for one in found(*rows, **others) if one.claim]


def test_decided_claims_of_the_paper_come_first_and_large_effects_before_small_ones():
    rows = [
        claim("small", effect=0.02), claim("large", effect=0.2), claim("ours", origin="ours", effect=0.9),
        claim("open", verdict="undecided", effect=0.8),
    ]  # fmt: skip
    assert names(*rows) == ["large", "small", "ours"]


def test_the_size_of_an_effect_is_that_in_margins():
    points = claim("points", effect=5.0, low=4.0, high=6.0, margin=1.0, unit="points")
    assert names(points, claim("cka", effect=0.2)) == ["cka", "points"]


def test_each_figure_gives_one_claim_before_any_gives_two():
    rows = [claim(f"a{n}", figure="fig1", effect=0.9 - n / 10) for n in range(6)]
    rows += [claim(f"b{n}", figure=f"fig{n}", effect=0.02) for n in (2, 3)]
    assert names(*rows) == ["a0", "a1", "b2", "b3"]
    assert names(*rows[:6]) == ["a0", "a1", "a2", "a3"]


def test_a_contradiction_is_always_named():
    rows = [claim(f"G{n}", effect=0.9 - n / 100) for n in range(9)]
    against = claim("against", effect=-0.02, low=-0.03, high=-0.01, verdict="contradicted", reason="opposite")
    assert names(*rows, against) == ["G0", "G1", "G2", "against"]
    assert len(names(*rows)) == MOST


def test_the_words_of_each_verdict():
    rows = [
        claim("G1", effect=0.24, low=0.2, high=0.28),
        claim("G2", effect=-0.05, low=-0.06, high=-0.04, verdict="contradicted"),
        claim("G3", effect=0.001, low=-0.002, high=0.004, verdict="negligible"),
    ]
    assert [one.text.partition(" Compared is")[0] for one in found(*rows)[1:]] == [
        "+.240 [+.200, +.280] CKA, 24 times the smallest effect of interest.",
        "The opposite is measured: \u2212.050 [\u2212.060, \u2212.040] CKA, 5 times the smallest effect of interest.",
        "No difference of interest: +.001 [\u2212.002, +.004] CKA, all within the margin of 0.01 CKA.",
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([claim("G1")], "Of 1 claim, judged on 5 seeds, 1 is supported."),
        (
            [claim("G1"), claim("G2"), claim("G3", verdict="undecided"), claim("G4", verdict="contradicted")],
            "Of 4 claims, judged on 5 seeds, 2 are supported, 1 is undecided and 1 is contradicted.",
        ),
        (
            [claim("G1", seeds=1, verdict="undecided"), claim("G2", seeds=0, effect=None, verdict="undecided")],
            "How sure: a verdict needs at least 4 seeds and this study has 1, so none of its 2 claims has one. "
            "The largest measured effects follow.",
        ),
        (
            [claim("G1", seeds=0, effect=None, verdict="undecided")],
            "How sure: a verdict needs at least 4 seeds and this study has none, so its claim has none.",
        ),
    ],
)
def test_the_first_sentence_counts(rows, words):
    assert found(*rows)[0].text == words


def test_without_enough_seeds_no_claim_has_a_verdict_and_the_direction_is_told():
    rows = [claim("G1", seeds=1, verdict="undecided", effect=-0.2, low=None, high=None)]
    one = found(*rows)[1]
    assert one.verdict == ""
    assert one.text.startswith("Measured the other way: \u2212.200 CKA, 20 times the smallest effect of interest.")


def test_how_many_verdicts_hold_under_other_choices():
    looks = [CHOICE | {"claim": name, "look": f"look {n}", "verdict": verdict}
             for name, verdict in (("G1", "supported"), ("G2", "undecided")) for n in range(3)]  # fmt: skip
    told = found(claim("G1"), claim("G2"), claim("G3"), multiverse=pd.DataFrame(looks))[1].text
    assert told == (
        "How sure: of the 2 verdicts that were also given under other choices of measurement, 1 holds in at least 90 % "
        "of the choices."
    )


def test_the_main_estimator_gives_the_effect():
    rows = [claim("G1", estimator="cka-biased", effect=0.1), claim("G1", estimator="cka-debiased", effect=0.3)]
    assert found(*rows)[1].text.startswith("+.300")


def test_a_sentence_that_goes_on_with_another_has_it_as_its_context():
    sentences = {"A1": "It is whole, though", "A2": "All fall", "A3": "... and far", "A4": "As A2, elsewhere",
                 "A5": "On average it rises", "A6": "In P-T it is high; it is flat"}  # fmt: skip
    assert [context(name, sentences) for name in sentences] == ["", "", "All fall", "All fall", "As A2, elsewhere", ""]
