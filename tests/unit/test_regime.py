"""Figure `regime`: the effects of several studies, claim by claim."""

import pandas as pd
import pytest
from tests.unit.drawing import apart, inside

from repdrift import figures
from repdrift.claims.rule import CONTRADICTED, SUPPORTED, UNDECIDED
from repdrift.figures import regime, verdicts
from repdrift.figures.venue import Venue

PAPER = {"claim": "G1", "sentence": "The change grows with depth", "origin": "paper", "contrast": "this less that",
         "layer": "pool2", "unit": "CKA"}  # fmt: skip
SMALL = PAPER | {
    "series": "laptop", "images": "4,096 images, 4 seeds", "seeds": 4, "effect": 0.04, "low": 0.02, "high": 0.06,
    "margin": 0.01, "verdict": SUPPORTED,
}  # fmt: skip
LARGE = SMALL | {
    "series": "core", "images": "50,000 images, 2 seeds", "seeds": 2, "effect": -0.05, "low": -20.0, "high": 19.9,
    "verdict": UNDECIDED,
}  # fmt: skip


def named(row, number, **changes):
    return row | {"claim": f"G{number}", "sentence": f"Claim {number} says something"} | changes


def drawn(rows, folder, venue=figures.USUAL):
    path = folder / "regime.csv"
    pd.DataFrame(rows)[list(regime.COLUMNS)].to_csv(path, index=False)
    return figures.draw(path, "regime", "conv4", venue)


def words(figure):
    return [text.get_text() for text in (*figure.axes[0].texts, *figure.texts)]


def marks(figure):
    """The marks of the studies: the label, the marker and the colour of the edge."""
    lines = [line for line in figure.axes[0].lines if line.get_label() in ("laptop", "core")]
    return [(line.get_label(), line.get_marker(), line.get_markeredgecolor()) for line in lines]


def test_a_study_has_a_marker_and_a_verdict_has_a_colour(tmp_path):
    figure = drawn([SMALL, LARGE, named(SMALL, 2), named(LARGE, 2, verdict=CONTRADICTED)], tmp_path)
    assert marks(figure) == [
        ("laptop", "o", verdicts.INK[SUPPORTED]), ("core", "s", verdicts.INK[UNDECIDED]),
        ("laptop", "o", verdicts.INK[SUPPORTED]), ("core", "s", verdicts.INK[CONTRADICTED]),
    ]  # fmt: skip
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][:2] == [
        "laptop (4,096 images, 4 seeds)", "core (50,000 images, 2 seeds)",
    ]  # fmt: skip
    said = words(figure)
    assert said.count("pool2") == 4
    assert "+.040 [+.020, +.060] CKA" in said and "\u2212.050 [\u221220.0, +19.9] CKA" in said


def test_a_claim_whose_contrasts_differ_is_marked(tmp_path):
    said = words(drawn([SMALL, LARGE, named(SMALL, 2), named(LARGE, 2, contrast="up to 50,000 images")], tmp_path))
    assert "G1" in said and "G2*" in said
    assert any("*: the studies have no such contrast in common" in text for text in said)
    assert not any("in common" in text for text in words(drawn([SMALL, LARGE], tmp_path)))


def test_a_single_seed_has_a_mark_and_no_interval(tmp_path):
    one = drawn([SMALL, LARGE | {"seeds": 1, "low": None, "high": None}], tmp_path)
    two = drawn([SMALL, LARGE | {"low": -0.06, "high": -0.04}], tmp_path)
    assert len(two.axes[0].lines) - len(one.axes[0].lines) == 1
    assert "\u2212.050 CKA" in words(one)


def test_an_interval_beyond_the_axis_ends_with_arrows(tmp_path):
    figure = drawn([SMALL, LARGE | {"low": -99999.0}], tmp_path)
    assert [line.get_marker() for line in figure.axes[0].lines].count("<") == 1


@pytest.mark.parametrize("width", [None, 86 / 25.4])
def test_all_texts_stay_apart_and_inside(width, tmp_path):
    rows = [row for number in range(1, 9) for row in (named(SMALL, number), named(LARGE, number))]
    figure = drawn(rows, tmp_path, Venue(width, None))
    figure.draw_without_rendering()
    head = {"effect in margins", "effect [95% interval]", "against the claim", "for the claim"}
    texts = [text for text in figure.axes[0].texts if text.get_text() and text.get_text() not in head]
    boxes = [text.get_window_extent() for text in texts]
    assert inside(figure, boxes) and apart(boxes)


def test_what_does_not_fit_on_a_page_is_left_out_if_the_effects_are_alike(tmp_path):
    alike = named(SMALL, 0, series="core", verdict=UNDECIDED, effect=SMALL["effect"] + 0.9 * SMALL["margin"])
    agreed = [row for number in range(1, 60) for row in (named(SMALL, number), named(alike, number))]
    # An effect may differ where neither study has a verdict.
    figure = drawn([*agreed, named(SMALL, 99, verdict=UNDECIDED), named(LARGE, 99)], tmp_path)
    assert [word for word in words(figure) if word.startswith("G")] == ["G99"]
    assert any("59 claims whose effects differ by less than the margin are left out" in word for word in words(figure))
    everything = words(drawn(agreed, tmp_path))
    assert sum(word.startswith("G") for word in everything) == 59
    assert not any("left out" in word for word in everything)


def test_many_studies_have_markers_too(tmp_path):
    figure = drawn([SMALL | {"series": f"study {number}"} for number in range(12)], tmp_path)
    assert sum("study" in text.get_text() for text in figure.legends[0].get_texts()) == 12
