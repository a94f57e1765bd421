"""Figures: their bytes, what the artists say, and bad tables."""

import hashlib
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
from matplotlib.text import Text
from tests.unit.drawing import (
    COMPARISONS,
    LAYERS,
    SENSITIVE,
    STUDY,
    curve_table,
    drawn,
    heatmap_table,
    history_table,
    interval_of,
    layers_table,
    legend_labels,
    means_of,
    seeds_of,
    segments,
    sensitivity_table,
    texts,
)

from repdrift import command, figures
from repdrift.errors import UserError
from repdrift.experiments.drift.figures.sensitivity import FAMILIES, family
from repdrift.figures import scatter, style, venue
from repdrift.figures.points import t_intervals
from repdrift.figures.style import Look
from repdrift.similarity.registry import ESTIMATORS
from repdrift.stages import figure as stage

WORKFLOW = Path(__file__).parents[2] / "workflow"


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("layers", layers_table({"CIFAR-10": ["d = 0", "d = 9"], "SVHN": ["d = 0", "d = 9"]})),
        ("curve", curve_table()),
        ("history", history_table()),
        ("heatmap", heatmap_table(STUDY[3:5])),
        ("sensitivity", sensitivity_table(panels=COMPARISONS[:1], sizes=(100, 500))),
    ],
    ids=["layers", "curve", "history", "heatmap", "sensitivity"],
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
    program = [sys.executable, "-m", "repdrift.stages", "figure", "--spec", spec, "--code", "c"]
    program += ["--table", str(table), "--output", str(output)]
    # No display, another hash seed than here, and a user's matplotlibrc that must not matter.
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: red\nsavefig.bbox: tight\n")
    surroundings = {"PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(tmp_path), "PATH": ""}
    subprocess.run(program, check=True, cwd=WORKFLOW, env=surroundings)
    assert ElementTree.parse(output).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    pdf = output.with_suffix(".pdf").read_bytes()
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF") and b"CreationDate" not in pdf
    pixels = matplotlib.image.imread(output.with_suffix(".png"))
    assert pixels.shape[1] == round(venue.SINGLE * figures.DPI) and pixels.std() > 0
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
        command.run("figure", stage.main)
    assert ended.value.code == f"error: {table}: has no rows, so there is nothing to draw"
    assert list(tmp_path.iterdir()) == [table]


def test_figures_are_drawn_whatever_backend_the_environment_names(monkeypatch):
    """A shell that a notebook has started has such a variable."""
    monkeypatch.setenv("MPLBACKEND", "module://no_such_backend")
    code = "from repdrift.figures import drawing; drawing('curve')"
    done = subprocess.run([sys.executable, "-c", code], cwd=WORKFLOW, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_text_with_dollars_is_no_formula(tmp_path):
    table = layers_table({"US$ notes and AU$ notes": ["A$ to B$", "$"]})
    figure = drawn(table, "layers", tmp_path)
    shown = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert {"A$ to B$", "$"} <= {text.get_text().replace(r"\$", "$") for text in shown}
    assert any("AU" in text.get_text() for text in shown)
    for text in shown:
        plain, is_formula = text._preprocess_math(text.get_text())
        assert not is_formula
        assert "\\" not in plain


def test_points_are_means_with_t_intervals_and_all_seeds_in_the_order_of_the_table(tmp_path):
    panels = {"SVHN": ["shifted", "d = 4", "d = 0"], "CIFAR-10": ["d = 9", "d = 1"]}
    table = layers_table(panels)
    table["value"] = np.random.default_rng(3).uniform(-0.1, 0.99, len(table))
    figure = drawn(table, "layers", tmp_path)
    grid = np.asarray(figure.axes).reshape(3, 2)
    labels = ["CKA (biased)", "CKA (debiased)", "1 \u2212 CKA (debiased)"]
    assert [row[0].get_ylabel() for row in grid] == labels
    assert [axes.get_title(loc="left") for axes in grid[0]] == ["(a) SVHN", "(b) CIFAR-10"]
    for row, (estimator, log) in zip(grid, [("cka-biased", 0), ("cka-debiased", 0), ("cka-debiased", 1)], strict=True):
        for axes, panel in zip(row, panels, strict=True):
            look = Look.of(panels[panel], [label for labels in panels.values() for label in labels])
            means, bars = means_of(axes), segments(axes, upright=True)
            assert axes.get_yscale() == ("log" if log else "linear")
            assert [line.get_marker() for line in means] == [look.markers[name] for name in panels[panel]]
            assert all(line.get_linestyle() == "None" for line in means)  # slopes of series side by side mean nothing
            assert len(bars) == len(panels[panel]) * len(LAYERS)
            own = table[(table["panel"] == panel) & (table["estimator"] == estimator)]
            seeds = 1 - own["value"] if log else own["value"]
            assert sorted(seeds_of(axes)) == pytest.approx(sorted(seeds))
            for line, series in zip(means, panels[panel], strict=True):
                assert matplotlib.colors.same_color(line.get_markeredgecolor(), look.colours[series])
                for x, y, layer in zip(line.get_xdata(), line.get_ydata(), LAYERS, strict=True):
                    values = seeds[(own["series"] == series) & (own["layer"] == layer)]
                    expected = np.exp(interval_of(np.log(values))) if log else interval_of(values)
                    (bar,) = [(low, high) for place, low, high in bars if place == pytest.approx(float(x))]
                    assert (y, *bar) == pytest.approx(tuple(expected))
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == LAYERS
    assert legend_labels(figure) == [*panels.values(), ["permuted images (null)"]]


def test_an_interval_is_seen_on_its_marker(tmp_path):
    (axes, *_) = drawn(layers_table({"SVHN": ["d = 0"]}), "layers", tmp_path).axes
    (bars,) = [part for part in axes.collections if part.get_zorder() > 5]
    (mean,) = means_of(axes)
    darkness = [
        np.mean(matplotlib.colors.to_rgb(colour)) for colour in (bars.get_color()[0], mean.get_markerfacecolor())
    ]
    assert bars.get_zorder() > mean.get_zorder() and darkness[0] < darkness[1] - 0.3


def test_each_series_has_its_own_null(tmp_path):
    table = layers_table({"SVHN": ["d = 0", "d = 9"]})
    table.loc[table["series"] == "d = 9", "null_mean"] += 0.2
    (axes, *_) = drawn(table, "layers", tmp_path).axes
    nulls = segments(axes, upright=False)
    places = {
        round(float(x), 6): y
        for line in means_of(axes)
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    assert {round(x, 6) for x, _, _ in nulls} == set(places)
    assert sorted(low for _, low, _ in nulls) == pytest.approx(sorted([0.5, 0.6, 0.7, 0.7, 0.8, 0.9]))


def test_intervals_leave_out_what_is_undefined():
    table = pd.DataFrame({"of": list("aaabbc"), "value": [1.0, 2.0, 4.0, np.nan, 3.0, -1.0]})
    found = t_intervals(table, ["of"])
    assert tuple(found.loc["a"]) == pytest.approx(interval_of([1, 2, 4]))
    assert found["mean"].tolist() == pytest.approx([7 / 3, 3, -1])
    assert found.loc[["b", "c"], ["low", "high"]].isna().all(axis=None)
    logs = t_intervals(table, ["of"], log=True)
    assert tuple(logs.loc["a"]) == pytest.approx(tuple(np.exp(interval_of(np.log([1, 2, 4])))))
    assert "c" not in logs.index


def test_negative_values_are_inside_the_axes(tmp_path):
    table = layers_table({"SVHN": ["d = 0"]})
    assert table["value"].min() < -0.1
    *similarities, change = drawn(table, "layers", tmp_path).axes
    for axes in similarities:
        low, high = axes.get_ylim()
        assert low < table["value"].min() and high > 1
    low, high = change.get_ylim()
    assert low > 0 and high > 1 - table["value"].min()


def test_panels_with_the_same_series_share_a_legend(tmp_path):
    names = ["to pre-trained weights", "to initial weights"]
    figure = drawn(layers_table({"a": names, "b": names}), "layers", tmp_path)
    assert legend_labels(figure) == [[*names, "permuted images (null)"]]


@pytest.mark.parametrize(("seeds", "words"), [((1, 2), "2 seeds, mean and 95% interval, faint: each seed"),
                                                ((1,), "1 seed, no interval")])  # fmt: skip
def test_the_footer_says_images_seeds_and_network(seeds, words, tmp_path, recwarn):
    figure = drawn(layers_table({"SVHN": ["d = 0"]}, seeds), "layers", tmp_path)
    assert not recwarn.list
    footer = "".join(texts(figure)).replace("\n", " ")
    assert footer.startswith(f"CIFAR-10 · n = 500 images · {words} · conv4, conv-relu-bn · on a logarithmic y axis")
    assert len(segments(figure.axes[0], upright=True)) == (len(LAYERS) if len(seeds) > 1 else 0)


def test_runs_with_fewer_seeds_and_undefined_values_are_told(tmp_path):
    table = layers_table({"SVHN": ["d = 0", "d = 9"]})
    table = table[(table["series"] == "d = 0") | (table["seed"] < 3)]
    table.loc[table.index[0], "value"] = None
    (footer,) = texts(drawn(table, "layers", tmp_path))
    assert "2 to 3 seeds" in footer and "1 undefined values left out" in footer.replace("\n", " ")


def test_history_draws_what_was_measured(tmp_path, recwarn):
    table = history_table()
    figure = drawn(table, "history", tmp_path)
    assert not recwarn.list
    loss, train, test = figure.axes
    epochs = [[list(line.get_xdata()) for line in means_of(axes)] for axes in (loss, train, test)]
    assert epochs == [[[1, 2, 3]] * 2, [[0, 1, 2, 3]] * 2, [[0, 2]] * 2]
    assert list(means_of(train)[0].get_ydata()) == pytest.approx([11.5, 31.5, 51.5, 71.5])
    assert loss.get_yscale() == "log" and loss.get_ylim()[0] < table.loc[table["epoch"] > 0, "train_loss"].min()
    flat = {line.get_linestyle(): line.get_ydata()[0] for line in test.lines if line.get_marker() == "None" and
            len(set(line.get_ydata())) == 1}  # fmt: skip
    assert flat["--"] == pytest.approx(10)
    best = [line.get_ydata()[0] for line in test.lines if line.get_linestyle() == ":"]
    assert best == pytest.approx([100, 20])
    assert legend_labels(figure) == [["d = 0", "d = 4", "best possible, 100 / (d + 1)", "chance"]]


def test_history_without_test_accuracy_says_so(tmp_path):
    figure = drawn(history_table().assign(test_accuracy=None), "history", tmp_path)
    assert [text.get_text() for text in figure.axes[2].texts] == ["not measured"]


def test_curve_draws_each_seed_means_bands_and_nulls(tmp_path):
    table = curve_table(seeds=(1, 2, 4))
    table["value"] = 1 - table["epoch"] * np.random.default_rng(1).uniform(0.01, 0.15, len(table))
    upper, lower = drawn(table, "curve", tmp_path).axes
    assert upper.get_title(loc="left") == "CKA (biased)" and lower.get_yscale() == "log"
    for axes, log in ((upper, False), (lower, True)):
        for layer, line, band in zip(LAYERS, means_of(axes), axes.collections, strict=True):
            own = table[(table["layer"] == layer) & (table["epoch"] >= int(log))]
            values = np.log(1 - own["value"]) if log else own["value"]
            epochs = sorted(own["epoch"].unique())
            assert list(line.get_xdata()) == epochs
            edges = band.get_paths()[0].vertices
            for epoch, y in zip(epochs, line.get_ydata(), strict=True):
                mean, low, high = interval_of(values[own["epoch"] == epoch])
                at_epoch = edges[edges[:, 0] == epoch, 1]
                found = np.array([y, at_epoch.min(), at_epoch.max()])
                expected = np.array([mean, low, high]) if epoch else np.ones(3)
                assert (np.log(found) if log else found) == pytest.approx(expected)
        thin = [line for line in axes.lines if line.get_linewidth() < 0.5]
        assert len(thin) == 3 * len(LAYERS)  # seeds
    nulls = [line for line in upper.lines if line.is_dashed()]
    assert [line.get_ydata()[0] for line in nulls] == pytest.approx([0, 0.1, 0.2])


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
    assert np.ptp([part.y1 for part in boxes]) < 3  # all titles begin at the same height
    assert np.ptp([axes.get_window_extent().y1 for axes in figure.axes[:3]]) < 1
    boxes += [legend.get_window_extent() for legend in figure.legends] + [figure.texts[0].get_window_extent()]
    for part in boxes:
        assert part.x0 >= box.x0 and part.x1 <= box.x1 and part.y0 >= box.y0 and part.y1 <= box.y1
    for row in (boxes[:3], boxes[3:6]):
        assert all(left.x1 < right.x0 for left, right in pairwise(row))
    footer = boxes[-1]
    assert all(legend.y0 >= footer.y1 - 1 for legend in boxes[3:-1])


def test_every_estimator_has_a_name_and_kinds_have_colours_and_markers_of_their_own():
    labels = [style.estimator_label(name) for name in ESTIMATORS]
    assert len(set(labels)) == len(ESTIMATORS) and not set(labels) & set(ESTIMATORS)
    assert style.estimator_label("rbf-cka-biased") == "RBF CKA (biased, 0.3 median)"
    assert {entry.settings.get("fraction", 0.3) for entry in ESTIMATORS.values()} == {float(style.RBF_BANDWIDTH)}
    assert style.estimator_label("rbf-cka-debiased@0.5") == "RBF CKA (debiased, 0.5 median)"
    for kind in FAMILIES:  # a row of figure `sensitivity` shows one
        mine = [style.estimator_label(name) for name in SENSITIVE if family(name) == kind]
        look = Look.of(mine)
        assert len(set(look.colours.values())) == len(set(look.markers.values())) == len(mine) > 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no CSV table"),
        ("panel,series\n", "has no column seed, layer"),
        (",".join(figures.drawing("layers").COLUMNS) + "\n", "has no rows"),
        (",".join(figures.drawing("layers").COLUMNS) + "\na,b,1,pool1,cka-biased,500,,,SVHN\n", "no row has a value"),
        (",".join(figures.drawing("layers").COLUMNS) + "\na,b,1,pool1,cka-biased,500,high,,SVHN\n", "column value"),
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
    with pytest.raises(
        UserError,
        match=r"claims, curve, .*heatmap, history, layers, movement, multiverse, networks, precision, regime, "
        r"sensitivity",
    ):
        figures.draw(tmp_path / "none.csv", "layer", "conv4")


def test_an_interval_that_ends_beside_its_mean_by_rounding_reaches_0():
    assert scatter.Mean(0.7486471861471861, 0.7486471861471863, 0.7486471861471863).reach[0] == [0.0]
    assert scatter.Mean(0.5, 0.25, 1.0).reach == [[0.25], [0.5]]
