"""Figures: their bytes, what the artists say, and bad tables."""

import hashlib
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.colors
import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from repdrift import figures
from repdrift.errors import UserError
from repdrift.figures import style
from repdrift.figures.style import Look
from repdrift.stages import command
from repdrift.stages import figure as stage

LAYERS = ["pool2", "pool1", "logits"]  # an order that no sorting gives
WORKFLOW = Path(__file__).parents[2] / "workflow"


def value(seed, panel, series, layer, estimator):
    """A similarity that differs between all rows, and is negative for some debiased ones."""
    level = 0.9 - 0.35 * LAYERS.index(layer) + 0.02 * seed**2 + 0.03 * len(panel + series)
    return level - (0.6 if estimator == "cka-debiased" else 0.0)


COMMON = {"run": "cifar10", "reference": "init", "n": 500, "images": "CIFAR-10"}


def layers_table(panels, seeds=(1, 2, 3)):
    null = {layer: 0.5 + 0.1 * index for index, layer in enumerate(LAYERS)}
    rows = [
        (panel, series, seed, layer, estimator, value(seed, panel, series, layer, estimator), null[layer], 0.7)
        for estimator in ("cka-debiased", "cka-biased")
        for panel, names in panels.items()
        for series in names
        for seed in seeds
        for layer in LAYERS
    ]
    columns = ["panel", "series", "seed", "layer", "estimator", "value", "null_mean", "null_q95"]
    return pd.DataFrame(rows, columns=columns).assign(**COMMON)


def curve_table(seeds=(1, 2)):
    rows = [
        (seed, epoch, layer, value(seed, "", "", layer, "cka-biased") / (1 + epoch))
        for seed in seeds
        for epoch in (0, 1, 2, 5)
        for layer in LAYERS
    ]
    table = pd.DataFrame(rows, columns=["seed", "epoch", "layer", "value"])
    return table.assign(panel="", series="", estimator="cka-biased", **COMMON)


def history_table(series=("d = 0", "d = 4"), seeds=(1, 2)):
    rows = [
        (name, seed, epoch, 2.3 / (1 + epoch), 10 + 20 * epoch + seed, 10 + 15 * epoch if epoch % 2 == 0 else None)
        for name in series
        for seed in seeds
        for epoch in range(4)
    ]
    columns = ["series", "seed", "epoch", "train_loss", "train_accuracy", "test_accuracy"]
    return pd.DataFrame(rows, columns=columns).assign(panel="", run="cifar10", images="CIFAR-10")


def drawn(table, kind, folder):
    path = folder / "table.csv"
    table.to_csv(path, index=False)
    return figures.draw(path, kind, "conv4, conv-relu-bn")


def points_and_bars(axes):
    """Points and error bars of the axes' lines: ([y of each layer] a series, {x: (low, high)})."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", "", None) and len(line.get_xdata())]
    bars = {
        float(line.get_xdata()[0]): tuple(map(float, line.get_ydata()))
        for line in axes.lines
        if line not in lines and len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]
    }
    return lines, bars


def texts(figure):
    return [text.get_text() for text in figure.texts]


def legend_labels(figure):
    return [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("layers", layers_table({"CIFAR-10": ["d = 0", "d = 9"], "SVHN": ["d = 0", "d = 9"]})),
        ("curve", curve_table()),
        ("history", history_table()),
    ],
    ids=["layers", "curve", "history"],
)
def test_two_draws_have_the_same_bytes(kind, table, tmp_path):
    digests = []
    for turn in range(2):
        figure = drawn(table, kind, tmp_path)
        # Another order: what is written first must not move what is written after it.
        for extension in figures.FORMATS[:: 1 - 2 * turn]:
            figures.write(figure, tmp_path / f"{turn}.{extension}", extension)
        files = [tmp_path / f"{turn}.{extension}" for extension in figures.FORMATS]
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1]


def test_the_stage_writes_three_formats_and_the_bytes_do_not_depend_on_the_process(tmp_path):
    table = tmp_path / "fig5.csv"
    layers_table({"CIFAR-10, d = 0": ["to pre-trained weights", "to initial weights"]}).to_csv(table, index=False)
    spec = '{"figure": "fig5", "kind": "layers", "network": "conv4"}'
    output = tmp_path / "figures" / "fig5.svg"
    program = [sys.executable, "-m", "repdrift.stages.figure", "--spec", spec, "--code", "c"]
    program += ["--table", str(table), "--output", str(output)]
    # No display, another hash seed than here, and a user's matplotlibrc that must not matter.
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nsavefig.bbox: tight\n")
    surroundings = {"PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(tmp_path), "PATH": ""}
    subprocess.run(program, check=True, cwd=WORKFLOW, env=surroundings)
    assert ElementTree.parse(output).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    pdf = output.with_suffix(".pdf").read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF") and b"CreationDate" not in pdf
    pixels = matplotlib.image.imread(output.with_suffix(".png"))
    assert pixels.shape[1] == round(style.SINGLE * figures.DPI) and pixels.std() > 0
    assert sorted(file.name for file in output.parent.glob("*.json")) == [
        f"fig5.{extension}.json" for extension in sorted(figures.FORMATS)
    ]
    here = figures.draw(table, "layers", "conv4")
    for extension in figures.FORMATS:
        figures.write(here, tmp_path / f"here.{extension}", extension)
        assert (tmp_path / f"here.{extension}").read_bytes() == output.with_suffix(f".{extension}").read_bytes()


def test_the_stage_tells_a_bad_table_in_one_line(tmp_path, monkeypatch):
    table = tmp_path / "fig3.csv"
    layers_table({"CIFAR-10": ["d = 0"]}).head(0).to_csv(table, index=False)
    spec = '{"figure": "fig3", "kind": "layers", "network": "conv4"}'
    flags = ["--spec", spec, "--table", str(table), "--output", str(tmp_path / "fig3.svg")]
    monkeypatch.setattr(sys, "argv", ["figure", *flags])
    with pytest.raises(SystemExit) as ended:
        command.run(stage.main)
    assert ended.value.code == f"error: {table}: has no rows, so there is nothing to draw"
    assert list(tmp_path.iterdir()) == [table]


def test_points_are_means_and_bars_standard_errors_in_the_order_of_the_table(tmp_path):
    panels = {"SVHN": ["shifted", "d = 4", "d = 0"], "CIFAR-10": ["d = 9", "d = 1"]}
    figure = drawn(layers_table(panels), "layers", tmp_path)
    assert [axes.get_ylabel() for axes in figure.axes] == ["CKA (biased)", "", "CKA (debiased)", ""]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["(a) SVHN", "(b) CIFAR-10", "", ""]
    for axes, (estimator, panel) in zip(
        figure.axes, [(e, p) for e in ("cka-biased", "cka-debiased") for p in panels], strict=True
    ):
        lines, bars = points_and_bars(axes)
        look = Look.of(panels[panel])
        assert [line.get_marker() for line in lines] == [look.markers[name] for name in panels[panel]]
        for line, series in zip(lines, panels[panel], strict=True):
            assert matplotlib.colors.same_color(line.get_color(), look.colours[series])
            for x, y, layer in zip(line.get_xdata(), line.get_ydata(), LAYERS, strict=True):
                values = [value(seed, panel, series, layer, estimator) for seed in (1, 2, 3)]
                mean = sum(values) / 3
                error = math.sqrt(sum((v - mean) ** 2 for v in values) / 2) / math.sqrt(3)
                assert y == pytest.approx(mean)
                assert bars[float(x)] == pytest.approx((mean - error, mean + error))
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == LAYERS
    assert legend_labels(figure) == [*panels.values(), ["permuted images (null)"]]


def test_the_null_is_the_mean_of_the_panel(tmp_path):
    table = layers_table({"SVHN": ["d = 0", "d = 9"]})
    table.loc[table["series"] == "d = 9", "null_mean"] += 0.2
    figure = drawn(table, "layers", tmp_path)
    (null,) = [line for line in figure.axes[0].lines if line.get_label() == "permuted images (null)"]
    assert np.asarray(null.get_ydata(), float) == pytest.approx([0.6, 0.7, 0.8])


def test_negative_values_are_inside_the_axes(tmp_path):
    table = layers_table({"SVHN": ["d = 0"]})
    assert table["value"].min() < -0.1
    figure = drawn(table, "layers", tmp_path)
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert low < table["value"].min() and high > 1


def test_panels_with_the_same_series_share_a_legend(tmp_path):
    names = ["to pre-trained weights", "to initial weights"]
    figure = drawn(layers_table({"a": names, "b": names}), "layers", tmp_path)
    assert legend_labels(figure) == [[*names, "permuted images (null)"]]


@pytest.mark.parametrize(("seeds", "words"), [((1, 2), "2 seeds, mean ± SE"), ((1,), "1 seed, no standard error")])
def test_the_footer_says_images_seeds_and_network(seeds, words, tmp_path, recwarn):
    figure = drawn(layers_table({"SVHN": ["d = 0"]}, seeds), "layers", tmp_path)
    assert not recwarn.list
    assert "".join(texts(figure)).replace("\n", " ") == f"CIFAR-10 · n = 500 images · {words} · conv4, conv-relu-bn"
    _, bars = points_and_bars(figure.axes[0])
    drawn_bars = [bar for bar in bars.values() if np.isfinite(bar).all()]
    assert len(drawn_bars) == (len(LAYERS) if len(seeds) > 1 else 0)


def test_runs_with_fewer_seeds_and_undefined_values_are_told(tmp_path):
    table = layers_table({"SVHN": ["d = 0", "d = 9"]})
    table = table[(table["series"] == "d = 0") | (table["seed"] < 3)]
    table.loc[table.index[0], "value"] = None
    (footer,) = texts(drawn(table, "layers", tmp_path))
    assert "2 to 3 seeds" in footer and "1 undefined values left out" in footer.replace("\n", " ")


def test_history_draws_what_was_measured(tmp_path, recwarn):
    figure = drawn(history_table(), "history", tmp_path)
    assert not recwarn.list
    loss, train, test = figure.axes
    epochs = [[list(line.get_xdata()) for line in axes.lines[:2]] for axes in (loss, train, test)]
    assert epochs == [[[1, 2, 3]] * 2, [[0, 1, 2, 3]] * 2, [[0, 2]] * 2]
    assert list(train.lines[0].get_ydata()) == pytest.approx([11.5, 31.5, 51.5, 71.5])
    best = [line.get_ydata()[0] for line in test.lines if line.get_linestyle() == ":"]
    assert best == pytest.approx([100, 20])
    assert legend_labels(figure) == [["d = 0", "d = 4", "best possible, 100 / (d + 1)"]]


def test_history_without_test_accuracy_says_so(tmp_path):
    figure = drawn(history_table().assign(test_accuracy=None), "history", tmp_path)
    assert [text.get_text() for text in figure.axes[2].texts] == ["not measured"]


def test_curve_draws_means_and_bands(tmp_path):
    figure = drawn(curve_table(), "curve", tmp_path)
    (axes,) = figure.axes
    values = [[value(s, "", "", layer, "cka-biased") for s in (1, 2)] for layer in LAYERS]
    for (one, two), line, band in zip(values, axes.lines, axes.collections, strict=False):
        assert list(line.get_xdata()) == [0, 1, 2, 5]
        assert line.get_ydata()[0] == pytest.approx((one + two) / 2)
        # The standard error of two values is half their difference, so the band reaches from one to the other.
        edges = band.get_paths()[0].vertices
        at_start = edges[edges[:, 0] == 0, 1]
        assert (at_start.min(), at_start.max()) == pytest.approx((min(one, two), max(one, two)))
    assert legend_labels(figure) == [LAYERS]


def test_quantities_go_from_light_to_dark_whatever_their_order():
    def lightness(colour):
        return float(np.dot(colour, [0.2126, 0.7152, 0.0722]))

    for labels in (["d = 9", "d = 0", "d = 4"], ["N = 50,000", "N = 64", "N = 4,096"]):
        colours = Look.of(labels).colours
        by_number = sorted(labels, key=lambda label: int(label.split("= ")[1].replace(",", "")))
        lights = [lightness(colours[label]) for label in by_number]
        assert lights == sorted(lights, reverse=True)
        assert lights[0] < 0.8  # the lightest is still seen on white
        assert len(set(Look.of(labels).markers.values())) == len(labels)


def test_long_titles_and_labels_stay_in_the_figure(tmp_path):
    long = "SVHN (first 10,000 test images, npz)"
    names = [f"{long}, d = 0", f"{long}, d = 9", f"{long}, shifted", "rendered digits, d = 0"]
    panels = {names[0]: ["d = 0", "d = 1"], names[1]: ["d = 0", "d = 1"], "domain and cross-domain": names}
    figure = drawn(layers_table(panels, seeds=(1,)), "layers", tmp_path)
    box = figure.bbox
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes[:3]]
    boxes += [legend.get_window_extent() for legend in figure.legends] + [figure.texts[0].get_window_extent()]
    for part in boxes:
        assert part.x0 >= box.x0 and part.x1 <= box.x1 and part.y0 >= box.y0 and part.y1 <= box.y1
    for row in (boxes[:3], boxes[3:6]):
        assert all(left.x1 < right.x0 for left, right in pairwise(row))
    footer = boxes[-1]
    assert all(legend.y0 >= footer.y1 - 1 for legend in boxes[3:-1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no CSV table"),
        ("panel,series\n", "has no column seed, layer"),
        (",".join(figures.KINDS["layers"][0]) + "\n", "has no rows"),
        (",".join(figures.KINDS["layers"][0]) + "\na,b,1,pool1,cka-biased,500,,,SVHN\n", "no row has a value"),
        (",".join(figures.KINDS["layers"][0]) + "\na,b,1,pool1,cka-biased,500,high,,SVHN\n", "column value"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(text, message, tmp_path):
    path = tmp_path / "fig3.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as refused:
        figures.draw(path, "layers", "conv4")
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_a_missing_table_and_an_unknown_kind_are_refused(tmp_path):
    with pytest.raises(UserError, match="no such table"):
        figures.draw(tmp_path / "none.csv", "layers", "conv4")
    with pytest.raises(UserError, match="curve, history, layers"):
        figures.draw(tmp_path / "none.csv", "layer", "conv4")
