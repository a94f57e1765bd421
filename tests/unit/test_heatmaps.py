"""Heatmaps: rows, columns, the colours of cells, and the footer."""

import matplotlib.colors
import matplotlib.image
import numpy as np
import pytest
from tests.unit.drawing import LAYERS, STUDY, apart, cell, drawn, heatmap_table, inside, texts


@pytest.mark.parametrize(("estimators", "label"), [(("cka-biased", "cka-debiased"), "CKA (debiased)"),
                                                   (("rsa-pearson", "procrustes"), "RSA (Pearson)")])  # fmt: skip
def test_a_heatmap_shows_means_of_one_estimator_rows_are_layers(estimators, label, tmp_path):
    figure = drawn(heatmap_table(STUDY[:2], estimators=estimators), "heatmap", tmp_path)
    *heatmaps, bar = figure.axes
    assert [axes.get_title(loc="left") for axes in heatmaps] == ["(a) initial", "(b) pre-trained"]
    assert bar.get_ylabel() == label
    for axes, panel in zip(heatmaps, STUDY, strict=False):
        means = [[sum(cell(s, panel, row, column) for s in (1, 2, 3)) / 3 for column in LAYERS] for row in LAYERS]
        (mesh,) = axes.collections
        assert np.asarray(mesh.get_array()) == pytest.approx(np.asarray(means))
        assert (mesh.norm.vmin, mesh.norm.vmax) == (0, 1)
        assert axes.yaxis_inverted()  # the first layer is at the top
        said = [text.get_text() for text in axes.texts]
        assert said == [f"{mean:.2f}".replace("-", "\u2212").replace("0.", ".") for row in means for mean in row]
    for names in (heatmaps[0].get_yticklabels(), heatmaps[0].get_xticklabels()):
        assert [label.get_text() for label in names] == LAYERS


def test_values_in_cells_are_readable_on_their_colour_and_say_no_minus_zero(tmp_path):
    table = heatmap_table(STUDY[:1])
    table["value"] = np.where(table["layer"] == "logits", -0.001, table["value"])
    (heatmap, _) = drawn(table, "heatmap", tmp_path).axes
    (mesh,) = heatmap.collections
    for text, colour in zip(heatmap.texts, mesh.get_facecolors(), strict=True):
        light, own = (np.dot(matplotlib.colors.to_rgb(c), [0.2126, 0.7152, 0.0722]) for c in (colour, text.get_color()))
        assert abs(light - own) > 0.3
    assert [text.get_text() for text in heatmap.texts[-3:]] == [".00"] * 3


def test_the_eight_heatmaps_of_the_study_fit_and_name_layers_at_the_edges(tmp_path):
    figure = drawn(heatmap_table(STUDY), "heatmap", tmp_path)
    *heatmaps, bar = figure.axes
    boxes = [axes.get_window_extent() for axes in heatmaps]
    assert all(box.width == pytest.approx(box.height) for box in boxes)
    assert len({round(box.x0) for box in boxes}) == 4 and len({round(box.y0) for box in boxes}) == 2
    for axes, row, column in [(axes, *divmod(index, 4)) for index, axes in enumerate(heatmaps)]:
        assert any(tick.label1.get_visible() for tick in axes.xaxis.get_major_ticks()) == (row == 1)
        assert any(tick.label1.get_visible() for tick in axes.yaxis.get_major_ticks()) == (column == 0)
    titles = [axes._left_title.get_window_extent() for axes in heatmaps]
    parts = [*boxes, *titles, bar.get_tightbbox(), figure.texts[0].get_window_extent()]
    assert inside(figure, parts) and apart(parts)
    for axes, box in zip(heatmaps, boxes, strict=True):
        cells = [text.get_window_extent() for text in axes.texts]
        assert apart(cells) and all(text.width < box.width / len(LAYERS) for text in cells)


def test_the_footer_of_a_heatmap_tells_the_largest_error_that_it_does_not_show(tmp_path):
    table = heatmap_table(STUDY[:1], seeds=(1, 2))
    table.loc[(table["layer"] == "pool1") & (table["reference_layer"] == "logits") & (table["seed"] == 2), "value"] += (
        0.4
    )
    (footer,) = texts(drawn(table, "heatmap", tmp_path))
    # Of two values the standard error is half their difference, here 0.215, and the quantile of Student's t is 12.7.
    assert "2 seeds, means over seeds, the widest 95% interval of a cell is ± 2.732" in footer.replace("\n", " ")
    (footer,) = texts(drawn(heatmap_table(STUDY[:1], seeds=(1,)), "heatmap", tmp_path))
    assert "1 seed, no interval" in footer.replace("\n", " ")
