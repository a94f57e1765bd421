"""Representations in bounded memory: wide layers pass through a temporary file; and layers are reduced."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torchvision.models.feature_extraction import create_feature_extractor

from repdrift.data import rendered
from repdrift.errors import UserError
from repdrift.networks import collecting
from repdrift.networks import representations as reading
from repdrift.networks.building import build, initialise
from repdrift.networks.collecting import Spill
from repdrift.networks.reduction import reduced
from repdrift.networks.representations import read_layer, representations, shapes
from repdrift.similarity.compact import gram_of
from repdrift.similarity.gram import Gram
from repdrift.study.architectures import width

FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def images():
    return torch.from_numpy(rendered.render("objects", "train", 100)[0])


@pytest.fixture(scope="module")
def network():
    made = build({"name": "conv4", "block": "conv-relu-bn", "classes": 10})
    initialise(made, "initialisation", 1)
    return made


def test_wide_layers_are_inner_products_of_the_same_features(network, images, tmp_path, monkeypatch):
    features = representations(network, images)
    monkeypatch.setattr(reading, "IN_MEMORY", 4 * 100 * (10 + 256 + 1024))
    monkeypatch.setattr(collecting, "UNITS", 1000)
    found = representations(network, images, folder=tmp_path)
    assert [isinstance(x, Gram) for x in found.values()] == [True, True, False, False, False]
    for layer, x in found.items():
        if isinstance(x, Gram):
            expected = gram_of(features[layer])
            assert x.shape == features[layer].shape
            torch.testing.assert_close(x.centred(), expected.centred(), rtol=1e-12, atol=1e-9)
            torch.testing.assert_close(x.means, expected.means, rtol=1e-14, atol=1e-14)
        else:
            assert torch.equal(x, features[layer])
    assert list(tmp_path.iterdir()) == []


def test_narrow_layers_are_features_however_little_memory_there_is(network, images, monkeypatch):
    monkeypatch.setattr(reading, "IN_MEMORY", 0)
    found = representations(network, images)
    assert [layer for layer, x in found.items() if not isinstance(x, Gram)] == ["logits"]


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
def test_a_full_disk_is_one_line(tmp_path):
    with Spill(5000, tmp_path) as spilled:
        spilled._file.close()
        spilled._file = FULL.open("r+b", buffering=0)
        with pytest.raises(UserError, match=r"disk is full.*GB"):
            spilled.add(torch.ones(2, 5000))


def test_no_file_is_left_after_an_error(network, images, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "IN_MEMORY", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Spill, "result", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        representations(network, images)
    assert list(tmp_path.iterdir()) == []


def test_one_layer_alone_has_the_same_features(network, images):
    with torch.no_grad():
        alone = read_layer(network.eval(), images, "pool4")
        batches = [network.read_layers(batch)["pool4"].flatten(1) for batch in images.split(32)]
        assert torch.equal(alone, torch.cat(batches))


def test_shapes_are_those_before_flattening(network, images):
    assert shapes(network, images) == {
        "pool1": [64, 16, 16], "pool2": [64, 8, 8], "pool3": [64, 4, 4], "pool4": [64, 2, 2], "logits": [10]
    }  # fmt: skip


def test_a_layer_is_reduced_to_its_mean_over_positions(network, images):
    features, means = (representations(network, images, reduce=how) for how in ("none", "mean"))
    assert [x.shape[1] for x in means.values()] == [64, 64, 64, 64, 10]
    expected = features["pool1"].numpy().reshape(100, 64, 256).mean(axis=2)
    np.testing.assert_allclose(means["pool1"], expected, rtol=1e-4, atol=1e-6)
    assert torch.equal(means["logits"], features["logits"])


TOKENS = torch.arange(2 * 3 * 5, dtype=torch.float32).reshape(2, 3, 5)
PIXELS = torch.arange(2 * 3 * 4 * 4, dtype=torch.float32).reshape(2, 3, 4, 4)


def test_tokens_and_pixels_are_reduced_over_the_right_axes():
    assert torch.equal(reduced(TOKENS, "token", "x"), TOKENS[:, 0])
    for values, positions in ((TOKENS, 1), (PIXELS, (2, 3)), (PIXELS.permute(0, 2, 3, 1), (1, 2))):
        torch.testing.assert_close(reduced(values, "mean", "x"), values.mean(dim=positions))
        assert torch.equal(reduced(values, "none", "x"), values.flatten(1))
        assert all(width(values.shape[1:], how) == reduced(values, how, "x").shape[1] for how in ("none", "mean"))
    assert width(TOKENS.shape[1:], "token") == 5


@pytest.mark.parametrize(
    ("name", "layer", "channels"),
    [
        ("swin_t", "features.3", 192),
        ("vit_b_16", "encoder.layers.encoder_layer_1", 768),
        ("convnext_tiny", "features.3", 192),
    ],
)
def test_the_channels_of_torchvisions_networks_are_found(name, layer, channels):
    module = torchvision.models.get_model(name).eval()
    nodes = create_feature_extractor(module, {layer: "x"})
    with torch.inference_mode():
        values = nodes(torch.randn(2, 3, 224, 224))["x"]
    assert reduced(values, "mean", layer).shape == (2, channels)
    axes = [axis for axis in range(1, values.ndim) if values.shape[axis] != channels]
    torch.testing.assert_close(reduced(values, "mean", layer), values.mean(dim=axes))


def test_a_layer_without_tokens_is_refused_by_name(network, images):
    with pytest.raises(UserError, match=r"layer pool1 has the shape \(64, 16, 16\).*none or mean"):
        representations(network, images, reduce="token")
