"""What a plan knows of a network before any job."""

import pytest

from repdrift.errors import UserError
from repdrift.networks.building import build
from repdrift.study.architectures import Layer, chosen_layers
from repdrift.study.description import FOLDER, described
from repdrift.study.user_code import code_of, files_of


@pytest.mark.parametrize("changes", [{}, {"width": 16}, {"depth": 3, "size": 64}, {"classes": 7}])
def test_the_description_of_conv4_is_that_of_the_network(changes):
    settings = {"name": "conv4", "block": "conv-relu-bn", "classes": 10, **changes}
    network = build(settings)
    found = described(settings)
    assert found.parameters == sum(weight.numel() for weight in network.parameters())
    assert found.architecture(None) == network.names
    import torch  # noqa: PLC0415

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
