"""Given weights: read as tensors alone, and refused with the first names where they do not fit."""

import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from repdrift.errors import UserError
from repdrift.networks.weights import with_weights
from repdrift.study.description import described
from repdrift.study.sections import Weights

RESNET = {"name": "torchvision:resnet18", "classes": 1000, "size": 32, "arguments": {}}


@pytest.fixture
def trained(same_numbers):
    """A network that somebody has trained on seven classes."""
    return models.resnet18(num_classes=7)


def save(state, path):
    torch.save(state, path)
    return str(path)


@pytest.mark.parametrize("kind", ["safetensors", "pt", "inside", "prefixed"])
def test_weights_of_a_file_are_those_of_the_network_with_its_classes(trained, tmp_path, kind):
    state, prefix = trained.state_dict(), "module." if kind == "prefixed" else ""
    path = str(tmp_path / f"given.{'safetensors' if kind == 'safetensors' else 'pt'}")
    if kind == "safetensors":
        save_file(state, path)
    else:
        renamed = {f"{prefix}{name}": value for name, value in state.items()}
        save({"state_dict": renamed, "epoch": 3} if kind == "inside" else renamed, path)
    network = with_weights(RESNET, path, prefix)
    assert network.parts["head"]["fc.weight"].shape == (7, 512)
    for name, value in network.saved.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_a_counter_that_old_files_lack_may_be_missing(trained, tmp_path):
    state = {name: value for name, value in trained.state_dict().items() if "num_batches_tracked" not in name}
    network = with_weights(RESNET, save(state, tmp_path / "old.pt"))
    assert torch.equal(network.module.conv1.weight, trained.conv1.weight)


class Payload:
    """What runs code when a pickle is read without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_in_a_file_is_never_run(tmp_path):
    victim, path = tmp_path / "run", tmp_path / "bad.pt"
    torch.save({"weight": Payload(victim)}, path)
    with pytest.raises(UserError, match=r"bad\.pt cannot be read as weights alone") as refused:
        with_weights(RESNET, str(path))
    assert "\n" not in str(refused.value)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Payload(victim)))
    with pytest.raises(UserError, match="cannot be read as weights alone"):
        with_weights(RESNET, str(tmp_path / "plain.pt"))
    assert not victim.exists()


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: without(state, "layer1.0.conv1.weight"), r"1 missing \(layer1.0.conv1.weight\)"),
        (lambda state: state | {"extra": torch.zeros(1)}, r"1 left over \(extra\)"),
        (lambda state: state | {"bn1.weight": torch.zeros(3)}, r"1 of another shape \(bn1.weight \(3,\)\)"),
        (lambda state: {f"x.{name}": value for name, value in state.items()}, r"102 missing .*\.\.\.\), 122 left over"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_first_names(trained, tmp_path, change, words):
    path = save(change(trained.state_dict()), tmp_path / "given.pt")
    with pytest.raises(UserError, match=words):
        with_weights(RESNET, path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("none.pt", "there is no file none.pt"),
        ("torchvision:IMAGENET2K", "has no weights 'IMAGENET2K'; it has IMAGENET1K_V1"),
    ],
)
def test_weights_that_do_not_exist_are_refused(source, words):
    with pytest.raises(UserError, match=words):
        with_weights(RESNET, source)


def test_a_file_without_tensors_is_refused(tmp_path):
    with pytest.raises(UserError, match="it holds no mapping of names to tensors"):
        with_weights(RESNET, save({"a": 1}, tmp_path / "given.pt"))
    with pytest.raises(UserError, match=r"begins with 'model\.'"):
        with_weights(RESNET, save({"a": torch.zeros(1)}, tmp_path / "other.pt"), "model.")


def test_a_plan_knows_the_classes_of_given_weights_before_any_job(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = described(RESNET, Weights(save(trained.state_dict(), tmp_path / "given.pt")))
    assert found.classes == 7
    assert found.parameters == sum(weight.numel() for weight in trained.parameters())
    # Those of torchvision are not downloaded for this.
    assert described(RESNET, Weights("torchvision:IMAGENET1K_V1")).classes == 1000
    trained.fc = nn.Linear(512, 3)
    assert described(RESNET, Weights(save(trained.state_dict(), tmp_path / "given.pt"))).classes == 3
    with pytest.raises(UserError, match=r"there is no file gone\.pt"):
        described(RESNET, Weights("gone.pt"))
