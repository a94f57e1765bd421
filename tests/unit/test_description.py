"""What a plan knows of a network before any job."""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torchvision import models

from repdrift.errors import UserError
from repdrift.networks.building import build
from repdrift.networks.describe import multiplications
from repdrift.networks.evaluation import evaluate
from repdrift.networks.representations import representations
from repdrift.plan.checking import check
from repdrift.study.architectures import Layer, chosen_layers
from repdrift.study.description import FOLDER, described
from repdrift.user_code import code_of, files_of


@pytest.mark.parametrize("changes", [{}, {"width": 16}, {"depth": 3, "size": 64}, {"classes": 7}])
def test_the_description_of_conv4_is_that_of_the_network(changes):
    settings = {"name": "conv4", "block": "conv-relu-bn", "classes": 10, **changes}
    network = build(settings)
    found = described(settings)
    assert found.parameters == sum(weight.numel() for weight in network.parameters())
    assert found.multiplications == multiplications(network, network.image)
    assert found.architecture(None) == network.names
    layers = network.eval().read_layers(torch.zeros(1, *network.image, dtype=torch.uint8))
    assert [(layer.name, layer.shape) for layer in found.layers] == [
        (name, tuple(values.shape[1:])) for name, values in layers.items()
    ]


def test_another_network_is_described_once_in_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"name": "torchvision:resnet18", "classes": 4, "size": 32, "arguments": {"stem": "small"}}
    found = described(settings)
    assert found.architecture(None) == build(settings).names
    names = [layer.name for layer in found.layers]
    assert "layer1.0.add" in names  # an operation that is no module
    assert len(set(names)) == len(names)
    (file,) = (tmp_path / FOLDER).iterdir()
    before = file.stat().st_mtime_ns
    assert described(settings) == found
    assert file.stat().st_mtime_ns == before
    assert described({**settings, "classes": 5}).classes == 5


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "vit_b_16"])
def test_multiplications_are_those_that_torchvision_publishes(name):
    published = models.get_model_weights(name).DEFAULT.meta["_ops"]  # in billions
    counted = multiplications(models.get_model(name), (3, 224, 224))
    assert counted == pytest.approx(published * 1e9, rel=0.01)


WITH_NORMS = """from torch import nn
def make(classes, norm):
    layers = [nn.Flatten(), nn.Linear(3 * 32 * 32, 8)]
    return nn.Sequential(*layers, *([nn.BatchNorm1d(8)] if norm else []), nn.Linear(8, classes))
"""
LARGE_AND_SMALL_MAPS = [
    ("torchvision:resnet18", {}, True),  # 32 pixels become one after its five halvings
    ("torchvision:resnet18", {"stem": "small"}, False),
    ("own.py:make", {"norm": True}, True),
    ("own.py:make", {"norm": False}, False),
]


@pytest.mark.parametrize(("name", "arguments", "needs_pairs"), LARGE_AND_SMALL_MAPS)
def test_what_needs_two_images_in_a_batch_is_what_fails_on_one(tmp_path, monkeypatch, name, arguments, needs_pairs):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(WITH_NORMS)
    settings = {"name": name, "classes": 4, "size": 32, "arguments": arguments}
    assert described(settings).needs_pairs == needs_pairs
    network = build(settings)
    one = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with pytest.raises(ValueError, match="more than 1 value per channel") if needs_pairs else nullcontext():
        network.train()(one)
    images, labels = torch.randint(0, 256, (33, 3, 32, 32), dtype=torch.uint8), torch.zeros(33, dtype=torch.int64)
    evaluate(network, images, labels)
    assert all(len(layer) == 33 for layer in representations(network, images).values())
    representations(network, images, calibration=images)


def test_a_last_batch_of_one_image_is_refused_where_it_would_fail(monkeypatch, tmp_path, load_config):
    config = load_config("small")
    monkeypatch.chdir(tmp_path)
    wrong = config | {"network": {"name": "torchvision:resnet18", "arguments": {}, "layers": None}}
    wrong = wrong | {"source": config["source"] | {"train": "train[0:65]"}, "head2toe": None}
    wrong["pretrain"] = config["pretrain"] | {"sizes": [65]}
    with pytest.raises(UserError, match=r"^training.batch_size: 32: a last batch of one image remains of the 65"):
        check(wrong)


def test_a_variant_that_does_not_fit_says_how_it_is_left_out(monkeypatch, tmp_path, load_config):
    config = load_config("small")
    monkeypatch.chdir(tmp_path)
    other = {"name": "torchvision:resnet18", "arguments": {"stem": "small"}, "layers": None}
    variants = {"conv-bn-relu": {"network": {"arguments": {"block": "conv-bn-relu"}}}}
    message = (
        r"variants.conv-bn-relu.network: torchvision:resnet18: .*; `conv-bn-relu: null` under `variants` leaves it out$"
    )
    with pytest.raises(UserError, match=message):
        check(config | {"network": other, "variants": variants})


def test_a_network_that_fails_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("from torch import nn\ndef make(classes):\n    return nn.Linear(5, classes)\n")
    with pytest.raises(UserError, match=r"own.py:make: the network fails on images of shape \(3, 32, 32\): Runtime"):
        described({"name": "own.py:make", "classes": 4, "size": 32, "arguments": {}})
    assert not (tmp_path / FOLDER).exists()


def test_the_code_of_a_users_file_is_that_of_all_files_beside_it_that_it_imports(tmp_path):
    main, parts, other = (tmp_path / name for name in ("own.py", "parts.py", "other.py"))
    main.write_text("import torch\nfrom parts import WIDTH\n")
    parts.write_text("import blocks.conv\nWIDTH = 3\n")
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "__init__.py").write_text("")
    (tmp_path / "blocks" / "conv.py").write_text("SIDE = 3\n")
    other.write_text("")
    assert {str(path.relative_to(tmp_path)) for path in files_of(main)} == {
        "own.py", "parts.py", "blocks/__init__.py", "blocks/conv.py"
    }  # fmt: skip
    before = code_of(main)
    other.write_text("changed = 1\n")
    assert code_of(main) == before
    (tmp_path / "blocks" / "conv.py").write_text("SIDE = 5\n")
    assert code_of(main) != before
    main.write_text("def (:\n")
    with pytest.raises(UserError, match=r"own\.py is no Python file"):
        code_of(main)
    with pytest.raises(UserError, match="there is no file"):
        code_of(tmp_path / "gone.py")


def test_layers_are_chosen_by_name_and_pattern():
    layers = [Layer(name, (1,), name == "b") for name in ("a1", "a2", "b")] + [Layer("logits", (2,), default=True)]
    assert chosen_layers(layers, None) == ("b", "logits")
    assert chosen_layers(layers, ["b", "a?"]) == ("a1", "a2", "b", "logits")
    assert chosen_layers(layers, ["logits"]) == ("logits",)
    with pytest.raises(UserError, match="there is no layer 'a3'; there are a"):
        chosen_layers(layers, ["a3"])
