import hashlib

import numpy as np
import pytest

from repdrift.data import rendered
from repdrift.data.readers import RENDERED
from repdrift.data.rendered import stream
from repdrift.errors import UserError

SETS = [(name, split) for name in RENDERED for split in ("train", "test")]

# Every machine must draw these bytes: a published result names a data set by them.
FINGERPRINTS = {
    ("digits", "train"): "3ab791e51f3c295c96b828ca64151b3ee35ecabd18fd802f92d5f7014af823c9",
    ("digits", "test"): "cdb192d4fe20e126d7f9428b7bd359e502490ab47b98cc2e38055ccee8c9d667",
    ("objects", "train"): "8c4ca06174177003b97f55b22ea8951489e304bf4f4a6cce4ab38c36413ee3c5",
    ("objects", "test"): "9b7875522fb5f8ff072caaf35808efa8015e7a0b41ca54082e02c986b4d3e9c6",
}


@pytest.fixture(scope="module")
def drawn():
    return {chosen: rendered.render(*chosen, 1000) for chosen in SETS}


@pytest.mark.parametrize(("name", "split"), SETS)
def test_bytes_are_those_recorded(drawn, name, split):
    images, labels = drawn[name, split]
    content = images[:200].tobytes() + labels[:200].astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest() == FINGERPRINTS[name, split]


def test_stream_is_splitmix64():
    # The first outputs of the published generator for the seed 1234567.
    states = np.uint64(1234567) + np.arange(1, 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert stream.scramble(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize(("name", "split"), SETS)
def test_shapes_and_types(drawn, name, split):
    images, labels = drawn[name, split]
    assert (images.shape, images.dtype) == ((1000, 3, 32, 32), np.uint8)
    assert (labels.shape, labels.dtype) == ((1000,), np.int64)
    assert len(rendered.CLASSES[name]) == len(set(rendered.CLASSES[name])) == 10


@pytest.mark.parametrize(("name", "split"), SETS)
@pytest.mark.parametrize("count", [1, 63, 64, 65, 130])
def test_longer_set_begins_with_the_shorter(drawn, name, split, count):
    images, labels = rendered.render(name, split, count)
    np.testing.assert_array_equal(images, drawn[name, split][0][:count])
    np.testing.assert_array_equal(labels, drawn[name, split][1][:count])


def test_no_image_occurs_twice(drawn):
    for name in RENDERED:
        both = [image.tobytes() for split in ("train", "test") for image in drawn[name, split][0]]
        assert len(set(both)) == 2000


def test_splits_and_sets_order_their_labels_differently(drawn):
    assert len({labels.tobytes() for _, labels in drawn.values()}) == len(SETS)


@pytest.mark.parametrize(("name", "split"), SETS)
def test_labels_are_balanced_but_not_in_order(drawn, name, split):
    labels = drawn[name, split][1]
    np.testing.assert_array_equal(np.bincount(labels, minlength=10), np.full(10, 100))
    # Any stretch of 50 images holds each label four to six times, but the place in a block of ten says nothing.
    for start in range(0, 950, 7):
        counts = np.bincount(labels[start : start + 50], minlength=10)
        assert counts.min() >= 4
        assert counts.max() <= 6
    for place in range(10):
        assert np.bincount(labels[place::10], minlength=10).max() < 30


@pytest.mark.parametrize("name", RENDERED)
def test_mean_colour_does_not_tell_the_class(drawn, name):
    train, train_labels = drawn[name, "train"]
    test, test_labels = drawn[name, "test"]
    colours = train.mean(axis=(2, 3))
    centres = np.stack([colours[train_labels == label].mean(axis=0) for label in range(10)])
    gaps = np.linalg.norm(test.mean(axis=(2, 3))[:, None] - centres, axis=2)
    assert (gaps.argmin(axis=1) == test_labels).mean() < 0.25


@pytest.mark.parametrize("name", RENDERED)
def test_images_use_the_range_without_being_clipped_away(drawn, name):
    images = drawn[name, "train"][0]
    assert images.min() == 0
    assert images.max() == 255
    assert ((images == 0) | (images == 255)).mean() < 0.1
    assert images.reshape(1000, -1).std(axis=1).min() > 5


@pytest.mark.parametrize(
    ("name", "split", "count", "named"),
    [("cifar", "train", 10, "cifar"), ("digits", "valid", 10, "valid"), ("objects", "test", 0, "0")],
)
def test_what_cannot_be_drawn_is_said(name, split, count, named):
    with pytest.raises(UserError, match=named):
        rendered.render(name, split, count)
