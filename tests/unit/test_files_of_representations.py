"""Files of activations: each layer is kept in the smaller form, and read back as it was."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from repdrift.errors import UserError
from repdrift.similarity import files
from repdrift.similarity.compact import bytes_of_smaller, gram_of, smaller

IMAGES = 40


@pytest.fixture
def layers():
    torch.manual_seed(0)
    return {"wide": torch.randn(IMAGES, 500), "b": torch.randn(IMAGES, 7), "a,": torch.randn(IMAGES, 41)}


@pytest.fixture
def path(tmp_path, layers):
    path = tmp_path / "activations.safetensors"
    details = {layer: {"shape": [5, 10, 10], "reduce": "none"} for layer in layers}
    files.save(path, {layer: smaller(x) for layer, x in layers.items()}, details)
    return path


def test_are_read_back_to_the_bit(path, layers):
    assert files.layers_of(path) == ["wide", "b", "a,"]
    wide, exact = files.load(path, "wide"), gram_of(layers["wide"])
    assert wide.shape == (IMAGES, 500)
    for name in ("products", "means", "along", "centre"):
        assert torch.equal(getattr(wide, name), getattr(exact, name))
    for layer in ("b", "a,"):
        assert torch.equal(files.load(path, layer), layers[layer])


def test_say_what_is_kept(path):
    with safe_open(path, framework="pt") as file:
        kept = json.loads(file.metadata()["kept"])
    assert kept["wide"] == {"kept": "gram", "images": IMAGES, "width": 500, "shape": [5, 10, 10], "reduce": "none"}
    assert [each["kept"] for each in kept.values()] == ["gram", "features", "features"]


def test_take_as_much_disk_as_the_smaller_form(path):
    vectors = 8 * (2 * IMAGES + 1)
    expected = 4 * IMAGES * (IMAGES + 1) + vectors + 4 * IMAGES * (7 + 41)
    assert sum(bytes_of_smaller(IMAGES, width) for width in (500, 7, 41)) == expected - vectors
    assert expected < path.stat().st_size < expected + 2000  # the rest is the header


def test_files_of_features_alone_are_read(tmp_path, layers):
    """As other programs write them, and as studies did before."""
    path = tmp_path / "other.safetensors"
    save_file({layer: x.reshape(IMAGES, -1, 1) for layer, x in layers.items()}, path, metadata={"layers": "wide,b"})
    assert files.layers_of(path) == ["wide", "b", "a,"]
    assert torch.equal(files.load(path, "wide"), layers["wide"])


def test_what_is_no_file_of_representations_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_text("no")
    with pytest.raises(UserError, match="cannot be read as a safetensors file"):
        files.layers_of(path)
