"""The figures of the claims: what they show is what their tables say, and it can be read."""

import hashlib

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from repdrift import figures
from repdrift.claims.verdict import CONTRADICTED, INCONCLUSIVE, SUPPORTED
from repdrift.figures import verdicts

LAYERS = ("pool1", "pool2", "pool3")
SENTENCE = "After domain and cross-domain tasks, closer to the pre-trained network, by less than in G14"


def contrast(claim, label, layer, estimator, **values):
    usual = {"decides": 1, "seeds": 4, "mean": 0.1, "se": 0.01, "verdict": SUPPORTED, "sentence": SENTENCE}
    return {"claim": claim, "contrast": label, "layer": layer, "estimator": estimator, **(usual | values)}


CLAIMS = pd.DataFrame(
    [
        contrast("G1", "loss", "", "", mean=45.2),
        *(contrast("G6", "trend", layer, "cka-biased", mean=mean, verdict=verdict) for layer, mean, verdict in zip(
            LAYERS, (0.0004, -0.072, 1.25), (INCONCLUSIVE, CONTRADICTED, SUPPORTED), strict=True)),
        *(contrast("G6", "trend", layer, "cka-debiased") for layer in LAYERS),
        # Here pool2 comes first: the order of the layers is not that of the first claim.
        *(contrast("G12", "step", layer, "cka-biased") for layer in LAYERS[1:]),
        contrast("G12", "aside", "pool1", "cka-biased", decides=0, verdict=CONTRADICTED),
    ]
)  # fmt: skip


def universe(claim, verdict, **values):
    usual = {"layer": "", "estimator": "cka-biased", "n": "500", "bn": "batch", "block": "", "reference": "own"}
    return {"claim": claim, "sentence": SENTENCE, **(usual | values), "verdict": verdict}


MULTIVERSE = pd.DataFrame(
    [
        universe("G3", SUPPORTED, estimator="", n="", bn="", reference=""),
        *(universe("G6", SUPPORTED, n=n) for n in ("100", "500", "2000")),
        universe("G6", CONTRADICTED, n="500", bn="calibrated"),
        *(universe("G6", verdict, layer=layer) for layer, verdict in zip(
            LAYERS, (SUPPORTED, INCONCLUSIVE, CONTRADICTED), strict=True)),
    ]
)  # fmt: skip


def drawn(table, kind, folder):
    path = folder / "table.csv"
    table.to_csv(path, index=False)
    return figures.draw(path, kind, "conv4, conv-relu-bn")


def colours(figure):
    """Colours of the cells of each row, from left to right, by where the row is."""
    found = {}
    for patch in figure.axes[0].patches:
        assert isinstance(patch, Rectangle)
        found.setdefault(round(patch.get_y(), 3), []).append((patch.get_x(), to_hex(patch.get_facecolor())))
    return {top: [colour for _, colour in sorted(row)] for top, row in sorted(found.items())}


def texts(figure):
    return [text.get_text().replace("\n", " ") for text in (*figure.axes[0].texts, *figure.texts)]


BLUE, GREY, ORANGE = (verdicts.COLOURS[verdict] for verdict in (SUPPORTED, INCONCLUSIVE, CONTRADICTED))


def test_each_contrast_has_the_colour_of_its_verdict(tmp_path):
    rows = list(colours(drawn(CLAIMS, "claims", tmp_path)).values())
    # A row of squares for each claim, then one for each contrast.
    assert rows == [
        [BLUE], [BLUE],
        [ORANGE, BLUE], [GREY, ORANGE, BLUE, BLUE, BLUE, BLUE],
        [BLUE], [BLUE, BLUE], [ORANGE],
    ]  # fmt: skip


def test_claims_may_have_no_layers_and_no_estimators(tmp_path):
    figure = drawn(CLAIMS[CLAIMS["layer"] == ""], "claims", tmp_path)
    assert {"G1", SENTENCE, "loss", "+45 ± .010"} <= set(texts(figure))


def test_numbers_are_short_and_signed(tmp_path):
    said = texts(drawn(CLAIMS, "claims", tmp_path))
    assert {"+.000", "\u2212.072", "+1.25", "+45 ± .010", "(aside)", "step"} <= set(said)
    assert said[:4] == ["CKA (biased)", "pool1", "pool2", "pool3"]
    assert said[-1].startswith("4 seeds, mean paired difference")


def test_the_multiverse_counts(tmp_path):
    figure = drawn(MULTIVERSE, "multiverse", tmp_path)
    first, second = colours(figure).values()
    assert first == [BLUE]
    # The bar: 3 of 4 supported; layers; sizes (2 of which at n = 500 disagree); batch normalisation.
    assert second == [BLUE, ORANGE, BLUE, GREY, ORANGE, BLUE, GREY, BLUE, BLUE, ORANGE]
    bar = [patch for patch in figure.axes[0].patches if patch.get_facecolor()[:3] != (1, 1, 1)][1:3]
    widths = [patch.get_width() for patch in bar]
    assert widths[0] / sum(widths) == pytest.approx(0.75, abs=0.02)
    assert {"1", "4", "100", "500", "2,000", "batch", "calibrated"} <= set(texts(figure))


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
    figure = drawn(table, kind, tmp_path)
    figure.draw_without_rendering()
    parts = [text.get_window_extent() for text in (*figure.axes[0].texts, *figure.texts)]
    parts += [legend.get_window_extent() for legend in figure.legends]
    width, height = figure.bbox.size
    for number, part in enumerate(parts):
        assert part.x0 >= 0 and part.y0 >= 0 and part.x1 <= width and part.y1 <= height
        assert not any(part.overlaps(other) for other in parts[number + 1 :])
