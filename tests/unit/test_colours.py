"""One thing has one colour in all panels and figures, and other things beside it have other ones."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from repdrift.experiments.drift.figures import layers
from repdrift.figures.colours import colours_of, of_kinds, of_layers
from repdrift.figures.style import Look, applied

PANELS = {
    "objects": ["d = 0", "d = 9"],
    "digits": ["d = 0"],
    "both": ["objects, d = 0", "objects, d = 9", "objects, shifted", "digits, d = 0"],
}


def table_of(panels):
    rows = [
        {"panel": panel, "series": series, "seed": seed, "layer": layer, "estimator": "cka-debiased", "value": 0.5,
         "null_mean": 0.0, "n": 300, "images": "objects"}
        for panel, labels in panels.items() for series in labels for seed in (1, 2) for layer in ("pool1", "logits")
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(value=lambda table: np.linspace(0.1, 0.9, len(table)))


def edges(axes):
    """The colours of the markers of the means of an axes, from left to right."""
    means = [line for line in axes.lines if line.get_linestyle() == "None" and line.get_marker() not in (".", "_")]
    return [to_rgb(line.get_markeredgecolor()) for line in means]


def test_figure_4_has_one_colour_for_a_degree_of_randomness_in_all_panels():
    with applied():
        figure = layers.draw(table_of(PANELS), "conv4")
    objects, digits, both = ([to_rgb(colour) for colour in edges(axes)] for axes in figure.axes[:3])
    assert objects[0] == digits[0] == both[0] == both[3]
    assert objects[1] == both[1]
    assert len({objects[0], objects[1], both[2]}) == 3


def test_series_of_a_figure_with_the_same_colour_have_different_markers():
    every = [label for labels in PANELS.values() for label in labels]
    look = Look.of(PANELS["both"], every)
    assert len(set(look.markers.values())) == len(PANELS["both"])
    assert Look.of(PANELS["objects"], every).markers["d = 0"] == Look.of(PANELS["digits"], every).markers["d = 0"]


@pytest.mark.parametrize("label", ["d = 0", "d = 4", "N = 256", "N = 50,000", "n = 500", "P-T", "to initial weights"])
def test_what_stands_beside_a_series_does_not_change_its_colour(label):
    beside = [
        ["d = 9"],
        ["d = 1", "d = 2"],
        ["N = 64"],
        ["n = 100", "N = 1,024"],
        ["CIFAR-10", "SVHN"],
        ["RI-T", "shifted"],
    ]
    alone = colours_of([label])[label]
    assert all(colours_of([*others, label])[label] == alone for others in beside)


@pytest.mark.parametrize(
    "labels",
    [
        [f"d = {degree}" for degree in range(10)],
        ["d = 0", "d = 25", "d = 50", "d = 75", "d = 99"],
        ["N = 64", "N = 256", "N = 1,024", "N = 4,096", "N = 50,000"],
        ["n = 100", "n = 200", "n = 500", "n = 2,000", "n = 5,000"],
        ["CIFAR-10", "SVHN", "MNIST", "rendered objects", "rendered digits"],
        ["P-T & P", "RI-T & P", "RI-T & RI", "P-T & P-T", "RI-T & P-T", "RI-T & RI-T"],
        ["P-T", "RI-T", "pre-training"],
        ["CKA (biased)", "CKA (debiased)", "minibatch CKA"],
        ["batch", "calibrated"],
        ["shifted", "d = 0", "d = 9"],
    ],
)
def test_series_that_stand_side_by_side_can_be_told_apart(labels):
    found = np.array(list(colours_of(labels).values()))
    distances = np.linalg.norm(found[:, None] - found[None], axis=2)[~np.eye(len(labels), dtype=bool)]
    assert distances.min() > 0.06


def test_numbers_of_training_images_and_of_probe_images_have_other_palettes():
    colours = colours_of(["N = 500", "n = 500", "d = 5"])
    assert len(set(colours.values())) == 3


def test_the_same_words_mean_the_same_colour():
    colours = colours_of(["true", "random 9", "d = 0", "d = 9", "to pre-trained weights", "to the pre-trained network"])
    assert colours["true"] == colours["d = 0"]
    assert colours["random 9"] == colours["d = 9"]
    assert colours["to pre-trained weights"] == colours["to the pre-trained network"]


def test_more_kinds_than_colours_begin_again():
    assert len(of_kinds([f"kind {number}" for number in range(30)])) == 30


def test_a_layer_has_one_colour_whether_or_not_the_logits_are_shown():
    hidden = ["pool1", "pool2", "pool3", "pool4"]
    with_logits = of_layers([*hidden, "logits"])
    assert {layer: with_logits[layer] for layer in hidden} == of_layers(hidden)
    assert len(set(with_logits.values())) == 5
