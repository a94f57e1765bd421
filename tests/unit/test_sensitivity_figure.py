"""Figure `sensitivity`: a row for each choice of measurement, a column for each comparison."""

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from tests.unit.drawing import (
    BLOCKS,
    COMPARISONS,
    LAYERS,
    apart,
    drawn,
    inside,
    interval_of,
    means_of,
    seeds_of,
    segments,
    sensitivity_table,
)

from repdrift.errors import UserError
from repdrift.figures import style
from repdrift.figures.style import Look


def grid_of(figure, rows):
    return np.asarray(figure.axes).reshape(rows, -1)


def options(table, row):
    """Rows that a row of axes of figure `sensitivity` is to show, by option."""
    own = table[table["usual"] == 1]
    first = table[(table["series"] == BLOCKS[0]) & (table["sample"] == 1)]
    every = table[table["series"] == BLOCKS[0]]
    debiased = first[first["estimator"] == "cka-debiased"]
    mine = own[own["series"] == BLOCKS[0]]
    families = [
        ["cka-biased", "cka-debiased", "minibatch-cka"],
        ["rbf-cka-biased", "rbf-cka-debiased", "rsa-pearson", "rsa-spearman"],
        ["procrustes", "neighbours", "soft-matching", "linear-predictivity"],
    ]
    return [
        *(
            {f"n = {n:,}": first[(first["n"] == n) & (first["bn"] == "batch") & (first["estimator"] == name)]
             for n in (100, 500, 2000)}
            for name in ("cka-biased", "cka-debiased")
        ),
        *({style.estimator_label(name): mine[mine["estimator"] == name] for name in family} for family in families),
        {f"sample {sample}": every[(every["n"] == 500) & (every["bn"] == "batch") & (every["sample"] == sample) &
                                   (every["estimator"] == "cka-debiased")] for sample in (1, 2)},
        {bn: debiased[(debiased["n"] == 500) & (debiased["bn"] == bn)] for bn in ("batch", "calibrated")},
        {block: own[(own["series"] == block) & (own["estimator"] == "cka-debiased")] for block in BLOCKS},
    ][row]  # fmt: skip


def choice_legends(grid):
    """The labels of the legends to the right of the rows, without the entry of the null."""
    found = [[text.get_text() for text in row[-1].get_legend().get_texts()] for row in grid]
    return [[label.replace("\n", " ") for label in labels if "null" not in label] for labels in found]


def test_each_row_of_sensitivity_varies_one_choice(tmp_path):
    # The study's own is neither the first n nor the first mode.
    table = sensitivity_table(sizes=(2000, 100, 500), modes=("calibrated", "batch"), seeds=(1, 2, 3))
    grid = grid_of(drawn(table, "sensitivity", tmp_path), 8)
    assert grid.shape == (8, len(COMPARISONS))
    legends = choice_legends(grid)
    for number, row in enumerate(grid):
        expected = options(table, number)
        assert sorted(legends[number]) == sorted(expected)
        for axes, panel in zip(row, COMPARISONS, strict=True):
            means, bars = means_of(axes), segments(axes, upright=True)
            look = Look.of(legends[number])
            own = [rows[rows["panel"] == panel] for rows in (expected[label] for label in legends[number])]
            assert sorted(seeds_of(axes)) == pytest.approx(sorted(pd.concat(own)["value"]))
            for line, rows, label in zip(means, own, legends[number], strict=True):
                assert line.get_marker() == look.markers[label]
                assert matplotlib.colors.same_color(line.get_markeredgecolor(), look.colours[label])
                assert list(line.get_xdata()) == [0, 1, 2]  # series that lines join are not side by side
                for x, y, layer in zip(line.get_xdata(), line.get_ydata(), LAYERS, strict=True):
                    mean, low, high = interval_of(rows.loc[rows["layer"] == layer, "value"])
                    assert y == pytest.approx(mean)
                    assert any(bar == pytest.approx((x, low, high)) for bar in bars)
    assert legends[0] == ["n = 100", "n = 500", "n = 2,000"]


def test_sensitivity_shows_the_similarity_of_unrelated_images(tmp_path):
    grid = grid_of(drawn(sensitivity_table(), "sensitivity", tmp_path), 8)
    for row, level in ((0, 0.2), (1, 0.0)):
        nulls = [line for line in grid[row, 0].lines if line.is_dashed()]
        assert [set(line.get_ydata()) for line in nulls] == [{level}] * 3


def test_sensitivity_names_its_rows_and_columns_and_nothing_overlaps(tmp_path):
    figure = drawn(sensitivity_table(), "sensitivity", tmp_path)
    grid = grid_of(figure, 8)
    titles = [axes._left_title for axes in grid[0]]
    assert [title.get_text().replace("\n", " ").strip() for title in titles] == [
        f"({letter}) {name}" for letter, name in zip("ab", COMPARISONS, strict=True)
    ]
    names = [row[0].yaxis.label for row in grid]
    assert [name.get_text().replace("\n", " ") for name in names] == [
        "images, CKA (biased)", "images, CKA (debiased)", "linear CKA", "RBF CKA and RSA", "others", "sample of images",
        "batch norm.", "network",
    ]  # fmt: skip
    (footer,) = figure.texts
    chosen = "n = 500 images · 2 seeds, mean and 95% interval, faint: each seed · conv4, conv-relu-bn"
    rest = "batch normalisation: batch · CKA (debiased) · each row varies one of these"
    assert footer.get_text().replace("\n", " ") == f"CIFAR-10 · {chosen} · {rest}"
    legends = [row[-1].get_legend() for row in grid]
    parts = [part.get_window_extent() for part in (*titles, *names, *figure.axes, *legends, footer)]
    assert inside(figure, parts) and apart(parts)
    layer_names = [label.get_window_extent() for axes in grid[-1] for label in axes.get_xticklabels()]
    assert apart([*layer_names, footer.get_window_extent()])


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (
            {"blocks": BLOCKS[:1], "modes": ("batch",), "samples": (1,)},
            ["images, CKA (biased)", "images, CKA (debiased)", "linear CKA", "RBF CKA and RSA", "others"],
        ),
        ({"sizes": (500,), "estimators": ("rsa-pearson",), "samples": (1,)}, ["network"]),
        ({"sizes": (500,), "estimators": ("cka-debiased",)}, ["sample of images", "batch norm.", "network"]),
        (
            {"sizes": (500,), "estimators": ("procrustes",), "blocks": BLOCKS[:1], "samples": (1,)},
            ["images, Procrustes"],
        ),
    ],
    ids=["no other blocks", "no cka", "no other n", "no choice"],
)
def test_sensitivity_leaves_out_what_has_one_option(settings, names, tmp_path, recwarn):
    figure = drawn(sensitivity_table(**settings, seeds=(1,)), "sensitivity", tmp_path)
    assert not recwarn.list
    assert [axes.get_ylabel().replace("\n", " ") for axes in grid_of(figure, len(names))[:, 0]] == names


def test_sensitivity_shows_gaps_where_nothing_was_measured_and_tells_of_undefined_values(tmp_path, recwarn):
    table = sensitivity_table()
    largest = (table["n"] == 2000) & (table["panel"] == COMPARISONS[0])
    undefined = (table["estimator"] == "rsa-pearson") & (table["layer"] == "pool1") & (table["panel"] == COMPARISONS[1])
    other = (table["series"] == BLOCKS[1]) & (table["panel"] == COMPARISONS[1])
    table.loc[undefined, "value"] = None
    figure = drawn(table[~largest & ~other], "sensitivity", tmp_path)
    assert not recwarn.list
    grid = grid_of(figure, 8)
    seen = [[line.get_marker() for line in means_of(axes)] for axes in grid[0]]
    assert seen[0] == seen[1][:2] and len(seen[1]) == 3
    rsa = means_of(grid[3, 1])[2]
    assert list(rsa.get_xdata()) == [LAYERS.index("pool2"), LAYERS.index("logits")]
    assert len(means_of(grid[7, 1])) == 1
    # Two seeds of the first order of the blocks, the only one there; in one row.
    assert "2 undefined values left out" in figure.texts[0].get_text().replace("\n", " ")


def test_sensitivity_needs_the_rows_of_the_study(tmp_path):
    with pytest.raises(UserError, match="no row with usual = 1"):
        drawn(sensitivity_table().assign(usual=0), "sensitivity", tmp_path)


def test_reductions_of_layers_have_a_row_if_several_were_tried(tmp_path):
    table = sensitivity_table(blocks=BLOCKS[:1], modes=("batch",), samples=(1,), estimators=("cka-debiased",))
    other = table.assign(usual=0, value=table["value"] / 2)
    both = pd.concat([table.assign(reduce="none"), other.assign(reduce="mean")])
    figure = drawn(both, "sensitivity", tmp_path)
    grid = grid_of(figure, 2)
    assert choice_legends(grid) == [["n = 100", "n = 500", "n = 2,000"], ["none", "mean"]]
    assert grid[1][0].get_ylabel().replace("\n", " ") == "reduction of layers"
    usual = both[(both["n"] == 500) & (both["panel"] == COMPARISONS[0])]
    assert sorted(seeds_of(grid[1][0])) == pytest.approx(sorted(usual["value"]))
    own = table[table["panel"] == COMPARISONS[0]]
    assert sorted(seeds_of(grid[0][0])) == pytest.approx(sorted(own["value"]))
    assert "layers reduced by: none" in figure.texts[0].get_text().replace("\n", " ")
