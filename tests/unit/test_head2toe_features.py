"""Features: pooling, also of maps smaller than the pooling window, unit norm, and an order that is always the same."""

import numpy as np
import pytest
import torch

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing import Features, pooled


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)


def averaged(maps, window):
    """Averages over windows, by loops: [n, C, rows, columns], what is left at the end dropped."""
    maps = maps.numpy()
    rows, columns = maps.shape[2] // window, maps.shape[3] // window
    cells = [
        [maps[:, :, i * window : (i + 1) * window, j * window : (j + 1) * window].mean((2, 3)) for j in range(columns)]
        for i in range(rows)
    ]
    return np.moveaxis(np.array(cells), (0, 1), (2, 3))


@pytest.mark.parametrize(
    ("side", "target_size", "window"),
    [
        (16, 256, 8),  # floor(sqrt(256 // 64)) = 2 patches a side
        (16, 1024, 4),
        (16, 600, 5),  # 3 patches a side of 5, the last row and column dropped
        (16, 10_000, 1),  # 12 patches a side
    ],
)
def test_maps_are_averaged_in_patches(side, target_size, window):
    maps = torch.randn(3, 64, side, side)
    expected = averaged(maps, window).reshape(3, -1)
    np.testing.assert_allclose(pooled(maps, target_size), expected, rtol=0, atol=1e-5)


def test_maps_with_channels_last_are_averaged_as_others():
    maps = torch.randn(3, 64, 8, 8)  # within Swin and ConvNeXt, channels are the last of the dimensions
    torch.testing.assert_close(pooled(maps.permute(0, 2, 3, 1), 256), pooled(maps, 256))


@pytest.mark.parametrize("side", [1, 2, 3])
def test_a_map_smaller_than_its_number_of_patches_stays_as_it_is(side):
    """The published code divides the side by 4 patches, gets 0, and takes the global average."""
    maps = torch.randn(3, 64, side, side)
    assert torch.equal(pooled(maps, 1024), maps.flatten(1))


def test_as_many_channels_as_the_target_size_leave_one_average():
    maps = torch.randn(3, 64, 4, 4)
    for target_size in (1, 63, 64):
        torch.testing.assert_close(pooled(maps, target_size), maps.mean((2, 3)))
    assert pooled(maps, 65).shape == (3, 64)  # one patch


@pytest.mark.parametrize(("target_size", "groups"), [(8, 1), (16, 2), (24, 3), (40, 5), (10_000, 10)])
def test_tokens_are_averaged_in_groups(target_size, groups):
    tokens = torch.randn(3, 10, 8)
    window = 10 // groups
    expected = tokens[:, : groups * window].unflatten(1, (groups, window)).mean(2).mT.flatten(1)
    torch.testing.assert_close(pooled(tokens, target_size), expected)


def test_vectors_and_no_target_size_are_left_alone():
    vectors, maps = torch.randn(3, 100), torch.randn(3, 4, 5, 6)
    assert torch.equal(pooled(vectors, 8), vectors)
    assert torch.equal(pooled(maps, None), maps.flatten(1))


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2, 2, 2)])
def test_another_shape_is_named(shape):
    with pytest.raises(UserError, match="a layer has shape"):
        pooled(torch.zeros(shape), 8)


def test_a_target_size_of_0_is_named():
    with pytest.raises(UserError, match="target size 0"):
        pooled(torch.zeros(3, 2, 2, 2), 0)


def test_layers_have_unit_norm_and_zeros_stay_zeros():
    layers = {"b": 100 * torch.randn(4, 3), "a": 1e-3 * torch.randn(4, 5)}
    layers["b"][2] = 0
    found = Features.of(layers).layers()
    norms = torch.stack([values.norm(dim=1) for values in found.values()])
    torch.testing.assert_close(norms, torch.tensor([[1.0, 1, 1, 1], [1.0, 1, 0, 1]]))
    cosines = torch.nn.functional.cosine_similarity(found["a"], layers["a"])
    torch.testing.assert_close(cosines, torch.ones(4))


def test_the_order_in_which_layers_are_given_does_not_matter():
    layers = {name: torch.randn(4, width) for name, width in (("pool2", 3), ("logits", 2), ("pool1", 5))}
    features = Features.of(layers)
    other = Features.of(dict(reversed(layers.items())))
    assert torch.equal(features.values, other.values)
    assert list(features.widths.items()) == list(other.widths.items()) == [("logits", 2), ("pool1", 5), ("pool2", 3)]
    assert features.only(["pool2", "logits"]).values.shape == (4, 5)


def test_float64_stays_and_half_precision_becomes_float32():
    assert Features.of({"a": torch.randn(2, 3).double(), "b": torch.randn(2, 3)}).values.dtype == torch.float64
    assert Features.of({"a": pooled(torch.randn(2, 3, 4, 4).half(), 12)}).values.dtype == torch.float32


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({}, "no layers"),
        ({"a": torch.ones(4, 2), "b": torch.ones(5, 2)}, "different numbers of examples: 4, 5"),
        ({"a": torch.ones(4, 2, 2)}, r"layer a has shape \(4, 2, 2\)"),
        ({"a": torch.ones(4, 0)}, r"layer a has shape \(4, 0\)"),
        ({"a": torch.tensor([[1.0, torch.nan]])}, "layer a has values that are not finite"),
    ],
)
def test_layers_that_do_not_fit_are_named(layers, message):
    with pytest.raises(UserError, match=message):
        Features.of(layers)


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(UserError, match="no layer 'pool9' among a"):
        Features.of({"a": torch.ones(4, 2)}).only(["pool9"])
