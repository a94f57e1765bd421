"""The network of the paper: its size, layers and initial weights."""

import math

import pytest
import torch
from torch import nn

from repdrift.errors import UserError
from repdrift.networks.building import build, initialise

SETTINGS = {"name": "conv4", "block": "conv-relu-bn", "classes": 10}


def initialised(seed=1, purpose="initialisation", **changes):
    network = build({**SETTINGS, **changes})
    initialise(network, purpose, seed)
    return network


def drawn(count):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("block", ["conv-relu-bn", "conv-bn-relu"])
def test_115658_parameters(block):
    assert sum(p.numel() for p in initialised(block=block).parameters()) == 115_658


def test_layers_and_their_shapes():
    layers = initialised().read_layers(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    shapes = {name: tuple(values.shape[1:]) for name, values in layers.items()}
    assert shapes == {
        "pool1": (64, 16, 16),
        "pool2": (64, 8, 8),
        "pool3": (64, 4, 4),
        "pool4": (64, 2, 2),
        "logits": (10,),
    }
    assert tuple(shapes) == initialised().layers


def test_chosen_layers_are_those_of_the_whole_network():
    images = drawn(3)
    every, chosen = (initialised(layers=layers).read_layers(images) for layers in (None, ["logits", "pool[13]"]))
    assert list(chosen) == ["pool1", "pool3", "logits"]
    assert all(torch.equal(chosen[name], every[name]) for name in chosen)
    with pytest.raises(UserError, match="there is no layer 'pool5'; there are pool"):
        build({**SETTINGS, "layers": ["pool5"]})


def test_block_order():
    # After conv-bn-relu nothing is negative; after conv-relu-bn the normalised output has mean 0 before pooling.
    images = drawn(8)
    assert initialised(block="conv-bn-relu").read_layers(images)["pool1"].min() >= 0
    assert initialised(block="conv-relu-bn").read_layers(images)["pool1"].min() < 0


def test_forward_pass_equals_the_plain_one():
    network = initialised()
    images = drawn(4)
    plain = images / 127.5 - 1
    for block in network.blocks:
        plain = nn.functional.max_pool2d(block.bn(torch.relu(block.conv(plain))), 2)
    torch.testing.assert_close(network.read_layers(images)["pool4"], plain)
    torch.testing.assert_close(network(images), network.head(plain.flatten(1)))


def test_initial_weights_follow_pytorch_defaults():
    weights = initialised().blocks[1].conv.weight
    bound = 1 / math.sqrt(64 * 9)
    assert weights.abs().max() <= bound
    assert weights.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    norm = initialised().blocks[0].bn
    assert (norm.weight == 1).all()
    assert (norm.bias == 0).all()


def test_initial_weights_depend_on_seed_and_purpose_alone():
    torch.manual_seed(1)
    first = initialised().state_dict()
    torch.manual_seed(2)
    again = initialised().state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    for other in (initialised(seed=2), initialised(purpose="independent initialisation")):
        assert not torch.equal(first["blocks.0.conv.weight"], other.state_dict()["blocks.0.conv.weight"])


def test_unknown_block_is_refused():
    with pytest.raises(UserError, match="relu-conv"):
        build({**SETTINGS, "block": "relu-conv"})
