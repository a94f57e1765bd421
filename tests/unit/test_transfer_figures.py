"""The figures of what is being transferred, drawn from the tables of a world."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy import stats
from tests.unit.transfer_worlds import BLOCKS, LAYERS, SEEDS, World, experiment, needed

from repdrift import figures
from repdrift.figures.points import draw_points, t_intervals
from repdrift.figures.style import Look

WORLD = World(1, noise=1)


@pytest.fixture
def transfer(load_config):
    return experiment(load_config("laptop"))


def history_rows(transfer, name, accuracy):
    """Histories of three epochs, with the columns that the plan adds."""
    rows = []
    (figure,) = (figure for figure in transfer.figures() if figure.name == name)
    for path, columns in figure.rows.items():
        run = needed(transfer)[path.split("/models/")[1].rpartition("/seed")[0]]
        value = accuracy(run) if run.task.role != "source" else 60
        for epoch in range(4):
            measured = {"train_accuracy": value + epoch, "test_accuracy": value if epoch % 3 == 0 else None}
            rows.append({**columns, "epoch": epoch, **measured})
    return pd.DataFrame(rows)


@pytest.fixture
def drawn(transfer, tmp_path):
    """Function that draws a figure of the world, twice, and gives it once it is sure that both are equal."""
    frames = WORLD.tables(transfer)
    frames["transfer_distances"] = frames["transfer_similarity"]

    def draw(name, accuracy=WORLD.accuracy):
        table = frames[name] if name in frames else history_rows(transfer, name, accuracy)
        path = tmp_path / f"{name}.csv"
        table.to_csv(path, index=False)
        hashes = set()
        for place in ("one.svg", "two.svg"):
            figure = figures.draw(path, name, "conv4, conv-relu-bn")
            figures.write(figure, tmp_path / place, "svg")
            hashes.add(hashlib.sha256((tmp_path / place).read_bytes()).hexdigest())
        assert len(hashes) == 1
        return figure

    return draw


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text)]


def means(axes):
    """The means that an axes shows, by series: the lines with a marker, without the faint points of seeds."""
    shown = [line for line in axes.lines if line.get_marker() not in ("", "None", None, ".")]
    return [list(np.round(line.get_ydata(), 2)) for line in shown]


def horizontal(axes):
    """The heights of horizontal lines over the whole axes."""
    return [line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1]]


# Points


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    cells = [(x, hue, seed) for x in "ab" for hue in ("one", "two") for seed in SEEDS]
    return pd.DataFrame(cells, columns=["x", "hue", "seed"]).assign(value=rng.normal(size=len(cells)))


def test_intervals_are_those_of_scipy(points):
    found = t_intervals(points, ["x", "hue"])
    for key, rows in points.groupby(["x", "hue"]):
        expected = stats.ttest_1samp(rows["value"], 0).confidence_interval(0.95)
        assert found.loc[key, "mean"] == pytest.approx(rows["value"].mean())
        np.testing.assert_allclose(found.loc[key, ["low", "high"]].astype(float), expected)


def test_one_seed_has_no_interval_and_infinite_values_are_left_out(points):
    one = t_intervals(points[points["seed"] == 1], ["x"])
    assert one["low"].isna().sum() == 0  # two series of a seed are two values
    assert t_intervals(points[points["seed"] == 1], ["x", "hue"])["low"].isna().all()
    spoilt = points.assign(value=points["value"].where(points["seed"] > 1, -np.inf))
    assert np.isfinite(t_intervals(spoilt, ["x"])).all().all()


@pytest.mark.parametrize("joined", [False, True])
def test_series_are_side_by_side_or_joined_by_lines(points, joined):
    axes = Figure().subplots()
    look = Look.of(["one", "two"])
    draw_points(axes, points, x="x", order=["a", "b"], hue="hue", look=look, joined=joined)
    shown = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert len(shown) == 2
    places = [list(line.get_xdata()) for line in shown]
    if joined:
        assert places == [[0, 1], [0, 1]]
    else:
        assert len({place for series in places for place in series}) == 4
    means = t_intervals(points, ["hue", "x"])["mean"]
    lines = [list(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "-"]
    assert lines == ([list(means[label]) for label in ("one", "two")] if joined else [])
    faint = [line for line in axes.lines if line.get_marker() == "."]
    assert sum(len(line.get_xdata()) for line in faint) == len(points)
    bars = [one for one in axes.collections if isinstance(one, LineCollection)]
    assert [len(one.get_segments()) for one in bars] == [2, 2]


# Figures of the experiment


def test_rates_show_each_learning_rate_and_the_tuned_value(drawn, transfer):
    figure = drawn("transfer_rates")
    assert len([axes for axes in figure.axes if axes.lines]) == 2 * 5
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == [
        *("0.0003", "0.001", "0.003", "0.01", "0.03"),
        "tuned",
    ]
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes[:5]]
    assert titles[3:] == ["(d) CIFAR-10, values shuffled", "(e) SVHN, values shuffled"]
    assert [80.0] in means(figure.axes[0])  # P-T on CIFAR-10
    assert horizontal(figure.axes[0]) == [10]


def test_shuffle_shows_accuracies_the_relative_drop_and_chance(drawn, transfer):
    figure = drawn("transfer_shuffle")
    top = figure.axes[0]
    assert [label.get_text() for label in top.get_xticklabels()] == ["*", "1", "4", "32"]
    pretrained, scratch = (
        [WORLD.accuracy(transfer.shuffled("cifar10", side, start)) for side in transfer.sides]
        for start in ("P-T", "RI-T")
    )
    assert list(np.round(pretrained, 2)) in means(top)
    drops = [f"{100 * (p - r) / p:.0f}" for p, r in zip(pretrained, scratch, strict=True)]
    assert [text.get_text() for text in top.texts] == drops
    assert horizontal(top) == [10]
    assert {"P-T", "RI-T"} <= set(texts(figure))
    assert any("P-T: 3 epochs, RI-T: 3 epochs" in text.replace("\n", " ") for text in texts(figure))


def test_a_drop_from_an_accuracy_of_0_is_undefined(drawn):
    figure = drawn("transfer_shuffle", accuracy=lambda run: 0 if run.task.shuffle == 1 else WORLD.accuracy(run))
    written = [text.get_text() for text in figure.axes[0].texts]
    assert [text == "\u2013" for text in written] == [False, True, False, False]


def test_checkpoints_show_pre_training_beside_the_targets_and_not_among_them(drawn):
    figure = drawn("transfer_checkpoints")
    assert len(figure.axes) == 2 * 3
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0", "1", "25", "100", "150"]
    for axes in figure.axes[:2]:
        (series,) = means(axes)
        assert len(series) == 5  # a value at each checkpoint
    assert "pre-training itself: CIFAR-10" in figure.axes[2].get_title(loc="left").replace("\n", " ")
    assert means(figure.axes[2]) == [[60, 60]]


def test_similarity_shows_estimators_and_mistakes_of_all_targets(drawn):
    figure = drawn("transfer_similarity")
    assert len(figure.axes) == 3 * 3
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["CKA (biased)", "CKA (debiased)", "mistakes"]
    assert list(np.round([WORLD.similarity("P-T & P", layer) for layer in LAYERS], 2)) in means(figure.axes[0])
    # P-T & P-T has kappa and overlap; RI-T & P-T has the shares of ambiguous images too.
    assert [0.5, 0.7] in means(figure.axes[-1])
    assert [0.3, 0.5, 0.8, 0.2] in means(figure.axes[-1])


def test_distances_are_multiples_of_their_unit_and_have_no_head(drawn):
    figure = drawn("transfer_distances")
    assert len(figure.axes) == 3 * 3
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "2", "3", "4", "all"]
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    expected = np.exp([WORLD.log_distance("RI-T & P", part) for part in (*BLOCKS, "all blocks")])
    assert any(np.allclose(series, expected, rtol=0.01) for series in means(figure.axes[0]))


def test_barrier_names_its_ends_and_shows_both_ways_to_treat_batch_normalisation(drawn):
    figure = drawn("transfer_barrier")
    assert len(figure.axes) == 2 * 3
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["first", "", "half-way", "", "second"]
    lowest = min(min(line.get_ydata()) for line in figure.axes[0].lines if line.get_alpha() is None)
    assert lowest == pytest.approx(20, abs=0.01)


def test_criticality_shows_rewinding_criticality_and_the_landscapes_of_all_targets(drawn):
    figure = drawn("transfer_criticality")
    landscapes = [axes for axes in figure.axes if axes.get_ylabel().startswith(("P-T\n", "RI-T\n"))]
    assert len(landscapes) == 3 * 2
    assert [70, 70, 70, 70, 50, 50] in means(figure.axes[0])
    assert any(np.allclose(series, np.log10(2309), atol=0.01) for series in means(figure.axes[3]))
    assert not any("2308" in text or "2,308" in text for text in texts(figure))


def test_the_contour_of_a_landscape_is_where_the_loss_exceeds_that_of_the_trained_network(drawn):
    """The loss is 0.5 at the trained weights, 1.5 before training, and 0.5 higher at a noise of 0.1."""
    figure = drawn("transfer_criticality")
    panel = next(axes for axes in figure.axes if axes.get_ylabel().startswith("P-T\n"))
    contour = panel.collections[-1]
    vertices = np.concatenate([path.vertices for path in contour.get_paths()])
    above = (1 - vertices[:, 0]) + 0.5 * vertices[:, 1]
    np.testing.assert_allclose(above, 0.1, atol=0.02)
