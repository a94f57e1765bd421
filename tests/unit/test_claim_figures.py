"""The figures of verdicts: what they show is what their tables say, and it can be read."""

import hashlib
import math

import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle
from tests.unit.drawing import drawn

from repdrift import figures
from repdrift.claims.judging import CONTRASTS, Measured, judge_claims
from repdrift.claims.looks import SPLIT, looks
from repdrift.claims.numbers import number
from repdrift.claims.regime import Regime
from repdrift.claims.rule import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED
from repdrift.claims.scales import AUPRC, AUPRC_NO_WORSE
from repdrift.experiments.drift.figures import multiverse
from repdrift.figures import claims as forest
from repdrift.figures import venue, verdicts
from repdrift.figures.forest import claims_in
from repdrift.figures.forest_places import places
from repdrift.plan.plan import Plan

LAYERS = ("pool1", "pool2", "pool3")
SENTENCE = "After domain and cross-domain tasks, closer to the pre-trained network, by less than in G14"
BIASED, DEBIASED = "cka-biased", "cka-debiased"
CALIBRATED = "cka-debiased, calibrated"


def contrast(claim, label, layer, estimator, effect=0.1, *, width=0.02, **values):
    usual = {
        "sentence": SENTENCE, "origin": "paper", "decides": 1, "needs": "all", "seeds": 4, "margin": 0.01,
        "unit": "CKA", "equal": 0, "p": 0.001, "verdict": SUPPORTED,
    }  # fmt: skip
    found = {"claim": claim, "contrast": label, "layer": layer, "estimator": estimator, **(usual | values)}
    return found | {"effect": effect, "low": effect - width, "high": effect + width}


CLAIMS = pd.DataFrame(
    [
        contrast("G1", "loss", "", "", effect=45.2, width=1, margin=1.0, unit="points"),
        *(contrast("G6", "trend, mean", "", name, effect, verdict=verdict) for name, effect, verdict in (
            (BIASED, 0.0114, SUPPORTED), (DEBIASED, -0.182, CONTRADICTED), (CALIBRATED, -0.011, CONTRADICTED))),
        *(contrast("G6", "trend", layer, DEBIASED, 0.02, decides=0) for layer in LAYERS),
        contrast("G7", "small", "", DEBIASED, -0.0105, width=0.0004, verdict=CONTRADICTED, origin="ours"),
        contrast("G8", "equal", "", DEBIASED, 0.001, width=0.002, equal=1, seeds=3),
        *(contrast("G12", "step", layer, DEBIASED, effect, p=p, verdict=verdict) for layer, effect, p, verdict in zip(
            LAYERS, (0.3, 0.002, 0.05), (0.001, 0.4, 0.01), (SUPPORTED, NEGLIGIBLE, SUPPORTED), strict=True)),
    ]
)  # fmt: skip


def universe(claim, verdict, look, **values):
    usual = {
        "layer": "", "estimator": "cka-biased", "n": "500", "bn": "batch", "reduce": "",
        "variant": "",
        "reference": "own", "sample": 1,
    }  # fmt: skip
    return {"claim": claim, "sentence": SENTENCE, **(usual | values), "look": look, "verdict": verdict}


MULTIVERSE = pd.DataFrame(
    [
        universe("G3", SUPPORTED, "", estimator="", n="", bn="", reference="", sample=""),
        # Three looks: the sizes of a probe are one, and one of them is split.
        *(universe("G6", SUPPORTED, "batch, 1", n=n) for n in ("100", "500", "2000")),
        universe("G6", SUPPORTED, "batch, 2", sample=2),
        universe("G6", UNDECIDED, "calibrated, 1", bn="calibrated"),
        universe("G6", CONTRADICTED, "calibrated, 1", bn="calibrated", n="100"),
        *(universe("G6", verdict, "batch, 1", layer=layer) for layer, verdict in zip(
            LAYERS, (SUPPORTED, NEGLIGIBLE, CONTRADICTED), strict=True)),
    ]
)  # fmt: skip


def texts(figure):
    return [text.get_text().replace("\n", " ") for text in (*figure.axes[0].texts, *figure.texts)]


def points(figure, label):
    """The markers with a label, from top to bottom."""
    lines = [line for line in figure.axes[0].lines if line.get_label() == label]
    return sorted(lines, key=lambda line: line.get_ydata()[0])


def lightness(colour):
    return sum(to_rgb(colour)) / 3


def test_numbers_have_an_interval_and_a_unit(tmp_path):
    said = texts(drawn(CLAIMS, "claims", tmp_path))
    assert "+45.2 [+44.2, +46.2] points" in said
    assert "\u2212.182 [\u2212.202, \u2212.162] CKA" in said
    assert {number(value) for value in (0.0004, -1.052, 99.96, 0.9996)} == {
        "+.000",
        "\u22121.05",
        "+100",
        "+1.00",
    }


def test_claims_have_their_verdicts_in_words_and_say_who_makes_them(tmp_path):
    said = texts(drawn(CLAIMS, "claims", tmp_path))
    assert [word for word in said if word in verdicts.COLOURS] == [
        SUPPORTED, CONTRADICTED, CONTRADICTED, SUPPORTED, NEGLIGIBLE,
    ]  # fmt: skip
    assert [SENTENCE in said, f"{SENTENCE} [ours]" in said] == [True, True]
    assert sum("[ours]" in text for text in said) == 1


def test_an_undefined_effect_is_said(tmp_path):
    loss = CLAIMS["contrast"] == "loss"
    undefined = CLAIMS[loss].assign(effect=math.nan, low=math.nan, high=math.nan, p=math.nan)
    said = texts(drawn(pd.concat([undefined, CLAIMS[~loss]]), "claims", tmp_path))
    assert "undefined" in said and "loss" in said


def test_other_numbers_of_seeds_than_usual_are_said(tmp_path):
    said = texts(drawn(CLAIMS, "claims", tmp_path))
    assert [text for text in said if ", n = " in text] == ["+.001 [\u2212.001, +.003] CKA, n = 3"]
    assert said[-1].startswith("4 seeds, effects with 95% intervals")


def test_an_effect_is_in_units_of_its_margin_with_its_interval(tmp_path):
    figure = drawn(CLAIMS, "claims", tmp_path)
    at = places()
    scale = forest.Scale(2, at)
    middle = at.plot + at.plot_width / 2
    assert scale.place(0) == pytest.approx(middle)
    assert scale.place(10) - middle == pytest.approx(2 * (scale.place(1) - middle)) == -(scale.place(-10) - middle)
    assert scale.place(1e5) == pytest.approx(at.plot + at.plot_width)
    (loss, *_) = points(figure, forest.NO_ESTIMATOR)
    assert loss.get_xdata()[0] == pytest.approx(scale.place(45.2))
    bars = [tuple(line.get_xdata()) for line in figure.axes[0].lines if line.get_linewidth() == 0.9]
    assert (pytest.approx(scale.place(44.2)), pytest.approx(scale.place(46.2))) in bars
    assert len(bars) == 7  # a contrast each, since the three of G12 have rows


def test_the_effect_of_a_claim_that_something_is_no_worse_is_in_units_of_the_margin_within_it(tmp_path):
    no_worse = {"margin": AUPRC_NO_WORSE.margin, "unit": AUPRC_NO_WORSE.unit}
    table = pd.DataFrame([contrast("E1", "as good, plus 0.05", "", DEBIASED, AUPRC.margin / 2, width=0.01, **no_worse)])
    figure = drawn(table, "claims", tmp_path)
    at = places()
    (mark,) = points(figure, DEBIASED)
    assert mark.get_xdata()[0] == pytest.approx(forest.Scale(1, at).place(0.5))
    # It is compared with 0, so no band shows the effects within a margin.
    assert to_hex(forest.BAND) not in {to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches}
    (before,) = drawn(CLAIMS[:1], "claims", tmp_path).axes
    assert to_hex(forest.BAND) in {to_hex(patch.get_facecolor()) for patch in before.patches}


def test_the_strength_of_a_colour_is_that_of_the_effect(tmp_path):
    figure = drawn(CLAIMS, "claims", tmp_path)
    marks = points(figure, DEBIASED)
    # The verdicts on G6 stand above the effect.
    _, large, small, *_ = [mark for mark in marks if mark.get_markerfacecolor() != "white"]
    assert lightness(large.get_markerfacecolor()) < lightness(small.get_markerfacecolor()) - 0.15
    assert verdicts.shade(CONTRADICTED, -0.9, 0.01) == to_rgb(verdicts.COLOURS[CONTRADICTED])
    assert verdicts.shade(SUPPORTED, 0.0, 0.01, equal=True) == to_rgb(verdicts.COLOURS[SUPPORTED])
    assert verdicts.shade(CONTRADICTED, -1.0, 0.0) == to_rgb(verdicts.COLOURS[CONTRADICTED])


def test_estimators_have_shapes_and_calibrated_ones_are_paler(tmp_path):
    figure = drawn(CLAIMS, "claims", tmp_path)
    (*_, biased), (*_, debiased), (*_, calibrated) = (points(figure, name) for name in (BIASED, DEBIASED, CALIBRATED))
    assert biased.get_marker() != debiased.get_marker() == calibrated.get_marker()
    assert lightness(calibrated.get_markerfacecolor()) > 0.85
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:4] == [SUPPORTED, NEGLIGIBLE, UNDECIDED, CONTRADICTED]
    assert labels[-3:] == ["CKA (debiased)", "CKA (biased)", "calibrated"]


def test_contrasts_that_do_not_decide_are_ticks(tmp_path):
    figure = drawn(CLAIMS, "claims", tmp_path)
    ticks = points(figure, forest.BESIDE)
    assert [tick.get_marker() for tick in ticks] == ["|"] * 3
    assert not any("trend: pool" in text for text in texts(figure))


def test_where_a_claim_has_more_contrasts_than_rows_the_verdict_hangs_on_the_one_that_is_shown():
    every, folded = (list(claims_in(CLAIMS, DEBIASED, most)) for most in (10, 2))
    assert [row.label for row in every[-1].rows] == ["step: pool1", "step: pool2", "step: pool3"]
    (row,) = folded[-1].rows
    assert row.label == "step: pool2, weakest of 3"
    assert [one.layer for one in row.beside] == ["pool1", "pool3"]
    some = CLAIMS.assign(needs="any", contrast=CLAIMS["contrast"] + CLAIMS["layer"])
    (row,) = next(iter(claims_in(some[some["claim"] == "G12"], DEBIASED, 1))).rows
    assert row.label == "steppool1: pool1, and 2 more"
    assert [one.layer for one in row.beside] == ["pool3", "pool2"]


def test_a_single_seed_has_no_p_values_so_the_smallest_effect_is_the_weakest():
    steps = CLAIMS[CLAIMS["contrast"] == "step"].assign(p=math.nan, low=math.nan, high=math.nan, seeds=1)
    effects = steps["layer"].map({"pool1": 0.2, "pool2": 0.3, "pool3": -0.1})
    (found,) = claims_in(steps.assign(effect=effects), DEBIASED, 2)
    (row,) = found.rows
    assert row.label == "step: pool3, weakest of 3"


def test_claims_may_have_no_layers_and_no_estimators(tmp_path):
    figure = drawn(CLAIMS[CLAIMS["estimator"] == ""], "claims", tmp_path)
    assert {"G1", "loss", SUPPORTED} <= set(texts(figure))


def test_a_claim_without_contrasts_that_decide_is_undecided(tmp_path):
    said = texts(drawn(CLAIMS[CLAIMS["claim"] == "G1"].assign(decides=0), "claims", tmp_path))
    assert UNDECIDED in said and "loss" in said


def judged(claims):
    """A table of the contrasts of some claims, all of which were measured, under four estimators."""
    seeds = range(1, 5)
    numbers = {}
    for claim in claims:
        for one in claim.contrasts:
            for place, (key, _) in enumerate(one.weights):
                values = [0.3 + 0.1 * place + 0.01 * seed * len(one.label) for seed in seeds]
                numbers.setdefault(one.table, {})[key] = pd.Series(values, index=seeds)
    usual = {table: numbers.pop(table) for table in ("similarity", "curve") if table in numbers}
    names = (BIASED, f"{BIASED}, calibrated", DEBIASED, CALIBRATED)
    regime = Regime("conv4", 1, 1, 1, 1, "", "exploratory")
    rows, _ = judge_claims(claims, [(name, Measured(usual)) for name in names], numbers, regime)
    return pd.DataFrame(rows, columns=list(CONTRASTS))


@pytest.fixture(scope="module")
def forests(tmp_path_factory):
    """The figures of all claims of the study of config.yaml."""
    from tests.checkout import REPOSITORY  # noqa: PLC0415

    from repdrift.study.config import load  # noqa: PLC0415

    found = Plan(load([REPOSITORY / "config.yaml"])).claims
    return {name: drawn(judged(claims), "claims", tmp_path_factory.mktemp(name)) for name, claims in found.items()}


def test_all_claims_of_a_paper_fit_on_a_page(forests):
    assert len(forests) == 7
    for name, figure in forests.items():
        width, height = figure.get_size_inches() * 25.4
        assert width <= 178 and height <= 230, name
        assert all(text.get_fontsize() >= 6 for text in figure.findobj(lambda one: hasattr(one, "get_fontsize")))
        assert fits(figure), name


def fits(figure):
    """Whether no text leaves the figure or overlaps another one."""
    figure.draw_without_rendering()
    parts = [text.get_window_extent() for text in (*figure.axes[0].texts, *figure.texts)]
    parts += [legend.get_window_extent() for legend in figure.legends]
    width, height = figure.bbox.size
    inside = all(part.x0 >= 0 and part.y0 >= 0 and part.x1 <= width and part.y1 <= height for part in parts)
    # Lines of text that follow each other may share the blank above their letters.
    shrunk = [part.padded(-0.8) for part in parts]
    return inside and not any(a.overlaps(b) for number, a in enumerate(shrunk) for b in shrunk[number + 1 :])


def test_a_look_whose_rows_disagree_is_split():
    whole = MULTIVERSE[(MULTIVERSE["claim"] == "G6") & (MULTIVERSE["layer"] == "")]
    assert looks(whole) == {SUPPORTED: 2, SPLIT: 1}
    assert looks(whole[whole["n"] == "100"]) == {SUPPORTED: 1, CONTRADICTED: 1}
    assert looks(whole[:0]) == {}


def cells(figure):
    """Colour, hatch, left edge, width and height of the cells of each row, by where its bar begins."""
    found = {}
    for patch in figure.axes[0].patches:
        assert isinstance(patch, Rectangle)
        colour = to_hex(patch.get_facecolor())
        found.setdefault(round(patch.get_y(), 3), []).append(
            (colour, patch.get_hatch(), patch.get_x(), patch.get_width())
        )
    return [sorted(row, key=lambda cell: cell[2]) for _, row in sorted(found.items())]


def test_the_multiverse_counts_looks_and_draws_split_and_undecided_apart(tmp_path):
    figure = drawn(MULTIVERSE, "multiverse", tmp_path)
    said = texts(figure)
    assert {"1", "3", "100", "500", "2,000", "batch", "calibrated", "sample", "2"} <= set(said)
    assert "never varied: architecture, learning rate, epochs, training images, seeds" in said[-1]
    first, second, *_ = cells(figure)
    assert [cell[:2] for cell in first] == [(verdicts.COLOURS[SUPPORTED], "")]
    supported, split = second[:2]
    assert supported[:2] == (verdicts.COLOURS[SUPPORTED], "") and split[0] == "#ffffff" and "/" in split[1]
    assert supported[3] / (supported[3] + split[3]) == pytest.approx(2 / 3)
    (legend,) = figure.legends
    assert [text.get_text().split(":")[0] for text in legend.get_texts()] == [
        SUPPORTED, NEGLIGIBLE, UNDECIDED, SPLIT, CONTRADICTED,
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "table"), [("claims", CLAIMS), ("multiverse", MULTIVERSE)])
def test_two_draws_have_the_same_bytes(kind, table, tmp_path):
    digests = []
    for turn in range(2):
        figure = drawn(table, kind, tmp_path)
        for extension in figures.FORMATS:
            figures.write(figure, tmp_path / f"{turn}.{extension}", extension)
        files = [tmp_path / f"{turn}.{extension}" for extension in figures.FORMATS]
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1]


@pytest.mark.parametrize(("kind", "table"), [("claims", CLAIMS), ("multiverse", MULTIVERSE)])
def test_nothing_overlaps_or_leaves_the_figure(kind, table, tmp_path):
    assert fits(drawn(table, kind, tmp_path))


@pytest.mark.parametrize("options", [1, 9, 30])
def test_the_groups_of_the_multiverse_fit_the_page(options):
    groups = [multiverse.Group("estimator", list(map(str, range(options))))]
    groups += [multiverse.Group(column, ["a", "b"]) for column in ("values", "bn", "reduce", "variant", "reference")]
    block = multiverse.Block(groups, with_sentences=True)
    assert block.cell > 0.02
    right = block.lefts[-1] + groups[-1].width(block.cell)
    assert right <= venue.DOUBLE
