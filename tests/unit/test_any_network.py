"""Networks of torchvision and of users: their layers, parts and initial weights, and how they are read."""

import math
import subprocess
import sys

import pytest
import torch
from tests.checkout import REPOSITORY
from torch import nn
from torch.nn import functional
from torchvision import models

from repdrift.errors import UserError
from repdrift.networks import checkpoints
from repdrift.networks.blocks import blocks
from repdrift.networks.building import build, draw_head, initial
from repdrift.networks.calls import recorded
from repdrift.networks.evaluation import batch_statistics
from repdrift.networks.modules import ModuleNetwork
from repdrift.networks.representations import calibrated, representations

RESNET = {"name": "torchvision:resnet18", "classes": 7, "size": 32, "arguments": {"stem": "small"}}
VIT = {
    "name": "torchvision:VisionTransformer", "classes": 5, "size": 32,
    "arguments": {"patch_size": 8, "num_layers": 4, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32, "dropout": 0.5},
}  # fmt: skip
IMAGE = (3, 32, 32)


@pytest.fixture(autouse=True)
def numbers(same_numbers):
    """The weights and images of these tests are the same every time."""


def images(count=6, size=32):
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8)


# Blocks and parts


def block_names(module, size=32):
    return [block.name for block in blocks(recorded(module, torch.zeros(2, 3, size, size)))]


@pytest.mark.parametrize(
    ("name", "arguments", "size", "expected"),
    [
        ("resnet18", {}, 32, ["maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]),
        ("vgg11_bn", {}, 32, ["features.3", "features.7", "features.14", "features.21", "features.28", "avgpool",
                              "classifier.2", "classifier.5", "classifier.6"]),
        ("convnext_tiny", {}, 32, [*(f"features.{number}" for number in range(8)), "classifier.1", "classifier.2"]),
        ("efficientnet_b0", {}, 32, [*(f"features.{number}" for number in range(9)), "classifier.0", "classifier.1"]),
        ("vit_b_16", {"image_size": 32}, 32, ["encoder.dropout",
            *(f"encoder.layers.encoder_layer_{number}" for number in range(12)), "encoder.ln", "heads.head"]),
        ("swin_t", {}, 64, [*(f"features.{number}" for number in range(8)), "flatten", "head"]),
        ("regnet_y_400mf", {}, 32,
            ["stem", *(f"trunk_output.block{number}" for number in range(1, 5)), "avgpool", "fc"]),
    ],
)  # fmt: skip
def test_blocks_are_the_stages_of_the_code(name, arguments, size, expected):
    assert block_names(models.get_model(name, **arguments), size) == expected


def test_a_row_of_single_layers_has_a_block_for_each_transformation():
    row = [nn.Flatten(), nn.Linear(3072, 8), nn.ReLU(), nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4)]
    assert block_names(nn.Sequential(*row)) == ["2", "5", "6"]


@pytest.mark.parametrize("settings", [RESNET, VIT])
def test_every_weight_is_in_one_part(settings):
    network = build(settings)
    found = [weight for part in network.parts.values() for weight in part.values()]
    assert {id(weight) for weight in found} == {id(weight) for weight in network.module.parameters()}
    assert len(found) == len(list(network.module.parameters()))
    assert tuple(network.parts) == network.names.parts
    assert next(iter(network.parts["head"].values())).shape[0] == settings["classes"]


def test_the_embedding_of_a_vision_transformer_has_its_token_and_its_positions():
    first, *_ = build(VIT).parts.values()
    assert {"class_token", "encoder.pos_embedding", "conv_proj.weight", "conv_proj.bias"} == set(first)


def test_a_network_without_a_hidden_layer_is_refused():
    with pytest.raises(UserError, match="no layer before its head"):
        ModuleNetwork(nn.Sequential(nn.Flatten(), nn.Linear(3072, 3)), IMAGE, ["1"])


# Reading


class Tricky(nn.Module):
    """Operations in place after a layer, a module that is called twice, a sum that is no module, and dropout."""

    def __init__(self):
        super().__init__()
        self.conv, self.again = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.relu, self.drop = nn.ReLU(inplace=True), nn.Dropout(0.5)
        self.head = nn.Linear(4, 6)

    def forward(self, x):
        first = self.relu(self.conv(x))
        second = self.drop(self.relu(self.again(first)))
        total = first + second
        total *= 2  # in place, after the sum
        return self.head(total.mean((2, 3)))


def test_what_is_read_is_what_a_module_returned_and_not_what_became_of_it():
    module = Tricky().eval()
    network = ModuleNetwork(module, IMAGE, ["conv", "relu", "again", "relu_1", "add", "mul"])
    x = network.normalise(pixels := images())
    conv = module.conv(x)
    first = conv.relu()
    again = module.again(first)
    expected = {
        "conv": conv, "relu": first, "again": again, "relu_1": again.relu(), "add": first + again.relu(),
        "logits": module.head(2 * (first + again.relu()).mean((2, 3))),
    }  # fmt: skip
    with torch.no_grad():
        found = network.read_layers(pixels)
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values.detach())
    assert list(found)[-1] == "logits"
    # A hook that does not copy would have kept what the operation in place left.
    assert conv.min() < 0 <= first.min()


def test_a_layer_within_a_traced_block_equals_the_plain_sum():
    network = build({**RESNET, "layers": ["layer1.0.add", "layer1.0.bn2", "layer1.0"]}).eval()
    found = network.read_layers(images())
    assert list(found) == ["layer1.0.bn2", "layer1.0.add", "layer1.0", "logits"]  # in the order of the forward pass
    torch.testing.assert_close(functional.relu(found["layer1.0.add"]), found["layer1.0"])
    assert found["layer1.0.add"].min() < 0


@pytest.mark.parametrize("settings", [RESNET, VIT])
def test_measuring_changes_nothing_and_dropout_is_off(settings):
    network = build(settings).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first, second = (representations(network, images := torch.ones(40, 3, 32, 32, dtype=torch.uint8)) for _ in range(2))
    representations(network, images, calibration=images)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(module.training for module in network.modules())


def test_only_normalisation_follows_the_statistics_of_a_batch():
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(3072, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3)
    )
    network = ModuleNetwork(module, IMAGE).train()
    pixels = images(32)
    with torch.no_grad(), batch_statistics(network):
        found = network(pixels)
    hidden = module[1](network.normalise(pixels).flatten(1))
    expected = module[5](((hidden - hidden.mean(0)) / (hidden.var(0, unbiased=False) + 1e-5).sqrt()).relu())
    torch.testing.assert_close(found, expected.detach())
    fixed = calibrated(network, pixels)
    torch.testing.assert_close(fixed.module[2].running_mean, hidden.mean(0).detach())
    assert not fixed.training


def test_a_network_without_normalisation_is_read_in_either_mode():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    network = ModuleNetwork(module, IMAGE)
    one, other = (representations(network, images(5), calibration) for calibration in (None, images(5)))
    assert one.keys() == other.keys()
    # The second call has other images, so only shapes can be compared.
    assert {name: values.shape for name, values in one.items()} == {
        name: values.shape for name, values in other.items()
    }


class Routed(nn.Module):
    """Bright images take another way than dark ones."""

    def __init__(self):
        super().__init__()
        self.bright, self.dark, self.head = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        x = x.mean((2, 3))
        return self.head(self.bright(x) if x.mean() > 0 else self.dark(x))


def test_a_layer_that_a_forward_pass_does_not_reach_is_one_clear_line():
    network = ModuleNetwork(Routed(), IMAGE)
    assert network.layers == ("dark", "logits")  # the images of the description are in the middle of the range
    dark = torch.zeros(3, *IMAGE, dtype=torch.uint8)
    assert network.read_layers(dark)["dark"].shape == (3, 4)
    with pytest.raises(UserError, match="does not reach layer dark"):
        network.read_layers(dark + 255)


class Pairs(nn.Module):
    """A module that returns a tuple, as attention does."""

    def __init__(self):
        super().__init__()
        self.hidden, self.head = nn.Linear(3, 3), nn.Linear(3, 2)
        self.attention = nn.MultiheadAttention(3, 1, batch_first=True)

    def forward(self, x):
        tokens = self.hidden(x.flatten(2).mT[:, :16])
        values, _ = self.attention(tokens, tokens, tokens)
        return self.head(values.mean(1))


def test_a_module_that_returns_a_tuple_is_no_layer():
    with pytest.raises(UserError, match="no layer 'attention'"):
        ModuleNetwork(Pairs(), IMAGE, ["attention"])


@pytest.mark.parametrize(
    ("output", "line"), [(lambda x: (x, x), "returns no tensor"), (lambda x: x[..., None], r"\[images, 2, 1\]")]
)
def test_an_output_that_is_no_logits_is_refused(output, line):
    class Wrong(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.head = nn.Linear(3072, 4), nn.Linear(4, 2)

        def forward(self, x):
            return output(self.head(self.hidden(x.flatten(1))))

    with pytest.raises(UserError, match=line):
        ModuleNetwork(Wrong(), IMAGE)


def test_an_unknown_layer_is_refused_with_the_list_nearest_first():
    with pytest.raises(UserError) as refused:
        build({**RESNET, "layers": ["layer2", "layr3"]})
    assert str(refused.value).startswith("torchvision:resnet18: there is no layer 'layr3'; there are layer3, layer")
    assert "\n" not in str(refused.value)


def test_patterns_choose_layers_in_the_order_of_the_forward_pass():
    assert build({**RESNET, "layers": ["avgpool", "layer[13]"]}).layers == ("layer1", "layer3", "avgpool", "logits")


# Weights


@pytest.mark.parametrize("settings", [RESNET, VIT])
def test_initial_weights_come_from_the_seed_alone(settings):
    torch.manual_seed(5)
    first, again, other = (initial(settings, "initialisation", seed).state_dict() for seed in (1, 1, 2))
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))  # the global generator is left as it was
    assert all(torch.equal(first[name], again[name]) for name in first)
    # Whatever has a random start, the parameters that belong to no layer included, differs between seeds.
    same = [name for name in first if torch.equal(first[name], other[name])]
    assert all(first[name].unique().numel() == 1 for name in same)
    assert not any("token" in name or "pos_embedding" in name or "in_proj_weight" in name for name in set(same) - {
        "module.class_token"})  # torchvision begins the class token at 0  # fmt: skip


def test_initial_weights_are_those_of_another_process():
    code = (
        "import sys, torch; from repdrift.networks.building import initial;"
        f"found = initial({VIT!r}, 'initialisation', 3).state_dict();"
        "print([value.double().sum().item() for value in found.values()])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", f"import torch\ntorch.manual_seed({seed})\n{code}"],
            capture_output=True, text=True, check=True, cwd=REPOSITORY,
        ).stdout
        for seed in (1, 2)
    }  # fmt: skip
    here = [value.double().sum().item() for value in initial(VIT, "initialisation", 3).state_dict().values()]
    assert texts == {f"{here}\n"}


def test_a_resnet_keeps_its_own_initialisation():
    weight = initial(RESNET, "initialisation", 1).module.layer2[0].conv2.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (128 * 9)), rel=0.02)


def test_a_new_head_leaves_all_else_and_may_have_another_size(tmp_path):
    network = initial(RESNET, "initialisation", 1)
    checkpoints.write(network, tmp_path / "weights.safetensors")
    narrow = {**RESNET, "classes": 3}
    found = checkpoints.load_with_new_head(tmp_path / "weights.safetensors", narrow, "new head", 2)
    for name, value in network.saved.state_dict().items():
        other = found.saved.state_dict()[name]
        assert other.shape[0] == 3 if name.startswith("fc.") else torch.equal(value, other)
    fresh = build(narrow)
    draw_head(fresh, narrow, "new head", 2)
    assert torch.equal(fresh.module.fc.weight, found.module.fc.weight)
    with pytest.raises(UserError, match="does not hold the weights"):
        checkpoints.load(tmp_path / "weights.safetensors", narrow)


def test_a_checkpoint_loads_into_the_plain_module(tmp_path):
    from safetensors.torch import load_file  # noqa: PLC0415

    network = initial({**RESNET, "arguments": {}}, "initialisation", 1)
    checkpoints.write(network, tmp_path / "weights.safetensors")
    plain = models.resnet18(num_classes=7)
    plain.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    torch.testing.assert_close(plain.eval()(network.normalise(pixels := images())), network.eval()(pixels))


# A user's own file

OWN = """
from torch import nn
from sizes import WIDTH  # a file beside this one

def make(classes, width=WIDTH):
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, width), nn.ReLU(), nn.Linear(width, classes))

def nothing(classes):
    return classes

def headless(width):
    return nn.Linear(3072, width)

def broken(classes):
    return nn.Linear(5, classes)
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "sizes.py").write_text("WIDTH = 8\n")
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path / "own.py"


def test_a_users_function_makes_the_network(own):
    network = build({"name": f"{own}:make", "classes": 4, "size": 32, "arguments": {"width": 5}})
    assert network.layers == ("2", "logits")
    assert network(images(2)).shape == (2, 4)
    assert network.parts["2"]["1.weight"].shape == (5, 3072)


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ("nothing", "returns a int and no torch.nn.Module"),
        ("headless", "takes no argument `classes` or `num_classes`"),
        ("broken", r"fails on images of shape \(3, 32, 32\): RuntimeError"),
        ("mak", "has no function 'mak'; it has"),
    ],
)
def test_a_function_that_makes_no_network_is_refused_in_one_line(own, function, line):
    with pytest.raises(UserError, match=line) as refused:
        build({"name": f"{own}:{function}", "classes": 4, "size": 32})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [("torchvision:resnet19", "did you mean resnet1[58]|did you mean .*resnet18"), ("none.py:make", "no file none.py"),
     ("torchvision:vgg11", "no stem 'small'")],
)  # fmt: skip
def test_an_unknown_network_is_refused_in_one_line(name, line):
    with pytest.raises(UserError, match=line):
        build({"name": name, "classes": 4, "size": 32, "arguments": {"stem": "small"}})
