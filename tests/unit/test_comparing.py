"""Comparing two recordings: which rows and layers meet, by which estimators, and what is refused."""

import numpy as np
import pytest
import torch

from repdrift import Gram, Recording, UserError
from repdrift.comparison.comparing import compare_recordings
from repdrift.similarity import Permutations, gram_of, half_samples, linear_cka, permutation_nulls, resampled
from repdrift.similarity.procrustes import Procrustes
from repdrift.similarity.registry import ESTIMATORS, estimator

WIDTHS = {"wide": 150, "middle": 30, "narrow": 6}
LINEAR = ["cka-debiased", "cka-biased"]


def network(name, seed, images=50, **more):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(images, 8, generator=torch.Generator().manual_seed(0))
    layers = {
        layer: torch.relu(hidden @ torch.randn(8, width, generator=generator))
        + torch.rand(1, width, generator=generator)
        for layer, width in WIDTHS.items()
    }
    return Recording({**layers, **more}, tuple(f"image {number}" for number in range(images)), name)


@pytest.fixture(scope="module")
def first():
    return network("A", 1)


@pytest.fixture(scope="module")
def second():
    return network("B", 2)


def values(comparison, name):
    table = comparison.table[comparison.table["estimator"] == name]
    return {(row.first, row.second): row.value for row in table.itertuples()}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_gives_all_pairs_of_layers_its_own_value(first, second, name):
    found, method = values(compare_recordings(first, second, estimators=[name]), name), estimator(name)
    assert list(found) == [(one, other) for one in WIDTHS for other in WIDTHS]
    for (one, other), value in found.items():
        sides = first.layers[one], second.layers[other]
        try:
            expected = method.compare(*map(method.prepare, sides))
        except UserError:
            expected = np.nan
        assert value == pytest.approx(expected, abs=1e-6 if name in LINEAR else 1e-10, nan_ok=True)


def test_nulls_and_intervals_are_those_of_the_library(first, second):
    options = {"permutations": 30, "intervals": 20, "seed": 3, "all_pairs": False}
    table = compare_recordings(first, second, estimators=["cka-debiased", "procrustes"], **options).table
    orders, halves = Permutations.random(50, 30, 3), half_samples(50, 20, 3)
    for name, found in table.groupby("estimator"):
        method = estimator(name)
        states = [[method.prepare(x) for x in side.layers.values()] for side in (first, second)]
        assert list(found["first"]) == list(found["second"]) == list(WIDTHS)
        for row, null in zip(found.itertuples(), permutation_nulls(method, *states, orders), strict=True):
            assert (row.value, row.null_mean, row.null_q95, row.p, row.p_max, row.calibrated) == pytest.approx(
                (null.value, null.mean, null.q95, null.p, null.p_max, null.calibrated), abs=1e-12
            )
            on_halves = resampled(method, first.layers[row.first], second.layers[row.second], halves)
            assert row.high - row.low == pytest.approx(2 * 1.96 * on_halves.std().item(), rel=1e-6)
            assert (row.high + row.low) / 2 == pytest.approx(row.value)


def test_each_layer_is_prepared_once(first, second, monkeypatch):
    prepared, prepare = [], Procrustes.prepare
    monkeypatch.setattr(Procrustes, "prepare", lambda self, x: prepared.append(x.shape[1]) or prepare(self, x))
    compare_recordings(first, second, estimators=["procrustes"], permutations=3)
    assert sorted(prepared) == sorted([*WIDTHS.values()] * 2)


def test_rows_are_matched_by_sample_id(first, second):
    order = torch.randperm(50, generator=torch.Generator().manual_seed(1))
    ids = [second.ids[place] for place in order]
    shuffled = Recording({layer: x[order] for layer, x in second.layers.items()}, ids, "shuffled")
    grams = Recording({layer: gram_of(x) for layer, x in shuffled.layers.items()}, ids, "Grams")
    unnamed = Recording(shuffled.layers)
    expected = compare_recordings(first, second).table["value"]
    for found in (shuffled, grams):
        assert np.allclose(compare_recordings(first, found).table["value"], expected, atol=1e-6)
    assert not np.allclose(compare_recordings(first, unnamed).table["value"], expected, atol=0.01)


def test_arrays_of_any_kind_are_converted():
    x = np.random.default_rng(0).integers(0, 100, (20, 3, 4))
    kinds = [np.uint8, np.int64, np.float16, np.float32, ">f4", np.float64, np.longdouble, np.asfortranarray]
    for kind in kinds:
        array = kind(x) if kind is np.asfortranarray else x.astype(kind)
        array.flags.writeable = False
        layer = Recording({"layer": array}).layers["layer"]
        assert layer.is_floating_point() and layer.shape == (20, 12)
        assert linear_cka(layer, torch.from_numpy(x).double().flatten(1)) == pytest.approx(1, abs=1e-6)


def test_an_undefined_layer_is_noted_and_the_others_are_compared(first, second):
    with_constant = network("K", 1, dead=torch.ones(50, 3))
    for estimators in (LINEAR, ["procrustes"]):
        found = compare_recordings(with_constant, second, estimators=estimators)
        assert found.table["value"].isna().tolist() == (found.table["first"] == "dead").tolist()
        assert all(note.startswith("K, layer dead: ") for note in found.notes) and len(found.notes) == len(estimators)
        others = found.table.dropna()["value"]
        assert np.allclose(others, compare_recordings(first, second, estimators=estimators).table["value"], atol=1e-6)


def test_names_and_patterns_choose_layers(first, second):
    table = compare_recordings(first, second, layers=["w*", "narrow"], all_pairs=False).table
    assert table["first"].tolist() == ["wide", "narrow"]


def wrong(**changes):
    bad = network("B", 2)
    for layer, (row, column, value) in changes.items():
        bad.layers[layer][row, column] = value
    return bad


@pytest.mark.parametrize(
    ("other", "options", "words"),
    [
        (
            lambda: wrong(middle=(7, 3, np.nan)),
            {},
            r"B: layer middle has a value that is not finite in row 7 \(id image 7",
        ),
        (lambda: wrong(wide=(0, 0, -np.inf)), {}, "B: layer wide has a value that is not finite in row 0"),
        (
            lambda: Recording({"k": torch.ones(50, 3)}),
            {},
            "the recording, layer k: cka-debiased: .* same for all images",
        ),
        (lambda: Recording({"k": torch.rand(49, 3)}), {}, "A has 50 images and the recording 49"),
        (lambda: network("C", 2, 50), {"estimators": ["cka"]}, "use one of cka-biased, cka-debiased"),
        (lambda: network("C", 2, 50), {"estimators": []}, "estimators is empty"),
        (lambda: network("C", 2, 50), {"permutations": 1}, r"permutations 1: use 0 \(no null\)"),
        (lambda: network("C", 2, 50), {"intervals": -2}, "intervals -2: use"),
        (lambda: network("C", 2, 50), {"layers": ["x", "y*"]}, r"A has no layer x, y\*; it has wide, middle, narrow"),
        (
            lambda: Recording({"u": torch.rand(50, 2), "v": torch.rand(50, 2)}),
            {"all_pairs": False},
            "no layer has the same",
        ),
        (
            lambda: Recording(network("", 2).layers, range(50), "C"),
            {},
            "C has other sample ids: 50 are only in the other",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_line(first, other, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        compare_recordings(first, other(), **options)
    assert isinstance(caught.value, UserError) and "\n" not in str(caught.value)


def test_too_few_images_name_the_estimator():
    few = Recording({"x": torch.rand(9, 3)})
    with pytest.raises(UserError, match="9 images: neighbours needs at least 11"):
        compare_recordings(few, few, estimators=["cka-biased", "neighbours"])


@pytest.mark.parametrize(
    ("layers", "ids", "words"),
    [
        ({}, None, "has no layers"),
        ([torch.rand(4, 2)], None, "has no layers: expected a mapping"),
        ({"a": torch.rand(5, 2), "b": torch.rand(4, 2)}, None, "layer a has 5 images and b has 4"),
        ({"a": torch.rand(5)}, None, r"layer a is torch.float32 of shape \[5\]"),
        ({"a": torch.empty(5, 0)}, None, r"shape \[5, 0\]"),
        ({"a": torch.rand(5, 2, dtype=torch.complex64)}, None, "layer a is torch.complex64"),
        ({"a": [["x"]]}, None, "layer a is a list: expected numbers"),
        ({"a": torch.rand(3, 2)}, ["u", "v", "u"], "sample id 'u' stands twice"),
        ({"a": torch.rand(3, 2)}, ["u", "v"], "2 sample ids for 3 images"),
    ],
)
def test_a_wrong_recording_is_one_line(layers, ids, words):
    with pytest.raises(UserError, match=words):
        Recording(layers, ids)


def test_a_gram_stays_one():
    assert isinstance(Recording({"a": gram_of(torch.rand(8, 20))}).layers["a"], Gram)
