"""Names of layers in figures: short, different, and as many as there is room for."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from repdrift import figures
from repdrift.figures.layer_names import short_names, shown_places, with_short_names

VIT = ["encoder.dropout", *(f"encoder.layers.encoder_layer_{number}" for number in range(12)), "encoder.ln", "logits"]
FIFTY = [*(f"features.{number}" for number in range(49)), "logits"]


def test_few_short_names_stay_as_they_are():
    for layers in (["pool1", "pool2", "logits"], ["layer4", "layer4.1.add", "logits"]):
        assert short_names(layers) == {layer: layer for layer in layers}


def test_long_names_become_their_last_part_or_number():
    assert list(short_names(VIT).values()) == ["dropout", *map(str, range(12)), "ln", "logits"]
    assert list(short_names(FIFTY).values()) == [*map(str, range(49)), "logits"]


def test_layers_of_one_row_are_shortened_together():
    layers = ["_conv_stem", "_blocks.0", "_blocks.2", "_blocks.10", "_blocks.15", "_conv_head", "pool", "fc", "logits"]
    assert list(short_names(layers).values()) == [
        "_conv_stem",
        "0",
        "2",
        "10",
        "15",
        "_conv_head",
        "pool",
        "fc",
        "logits",
    ]


def test_different_layers_have_different_names():
    layers = [f"{stage}.blocks.{block}.conv" for stage in ("first", "second") for block in range(5)]
    assert len(set(short_names(layers).values())) == len(layers)


def test_titles_of_targets_are_no_layers():
    titles = [f"CIFAR-10 in blocks of {number}" for number in range(10)]
    table = with_short_names(pd.DataFrame({"layer": titles, "value": range(10)}))
    assert table["layer"].tolist() == titles


@pytest.mark.parametrize(("count", "inches", "expected"), [(5, 2.0, [0, 1, 2, 3, 4]), (50, 1.5, list(range(0, 50, 5)))])
def test_names_are_thinned_evenly(count, inches, expected):
    assert shown_places(count, inches) == expected


@pytest.mark.parametrize("layers", [VIT, FIFTY], ids=["15 layers", "50 layers"])
def test_many_layers_are_legible(layers, tmp_path):
    generator = np.random.default_rng(0)
    rows = [
        {"panel": panel, "series": "to initial weights", "seed": seed, "layer": layer, "estimator": "cka-biased",
         "n": 500, "value": generator.uniform(0.5, 0.9), "null_mean": 0.1, "images": "CIFAR-10"}
        for panel in ("a", "b", "c", "d") for seed in (1, 2) for layer in layers
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
    figure = figures.draw(tmp_path / "table.csv", "layers", "vit_b_16")
    figure.canvas.draw()
    bottom = figure.axes[-4:]
    for axes in bottom:
        names = [label for label in axes.get_xticklabels() if label.get_text()]
        assert names[0].get_text() == next(iter(short_names(layers).values()))
        boxes = [label.get_window_extent() for label in names]
        # Names that are turned by 45 degrees are apart if their right ends, which are at their ticks, are.
        gaps = np.diff([box.x1 for box in boxes]) / figure.dpi
        assert gaps.min() > 0.11
        # Axes keep most of their column for the data.
        assert axes.get_window_extent().width / figure.dpi > 1.2
    pyplot.close(figure)
