"""A training that is restored after any step ends with the same numbers."""

import pytest
import torch
from tests.unit.dropping import Dropping
from tests.unit.stage import SETTINGS

from repdrift.data import rendered
from repdrift.networks.building import initialise
from repdrift.networks.conv4 import Conv4
from repdrift.specs import TrainingSettings
from repdrift.study.sections import Augmentation
from repdrift.training.progress import Progress
from repdrift.training.training import Training

EVERYTHING = {  # that is drawn, and that changes from step to step
    "optimizer": "adamw",
    "momentum": None,
    "schedule": "cosine",
    "warmup": 1,
    "label_smoothing": 0.1,
    "augmentation": Augmentation(flip=True, crop=4),
}


def begun(data, steps=10, made=Conv4, **changes):
    network = made()
    initialise(network, "initialisation", 1)
    settings = TrainingSettings(**{**SETTINGS, **changes}, steps=steps)
    return Training(network, data, data, settings, torch.Generator().manual_seed(3))


def ended(training):
    for _ in training.events():
        pass
    return training


@pytest.fixture(scope="module")
def data():
    images, labels = rendered.render("objects", "train", 100)
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)


@pytest.mark.parametrize(
    ("made", "changes"), [(Conv4, {}), (Conv4, EVERYTHING), (Dropping, {}), (Dropping, EVERYTHING)]
)
def test_restored_after_any_step_it_is_the_same(data, tmp_path, made, changes):
    """The state goes through a file, into a training that knows nothing of the first.

    In between, something else draws from the generators that the process shares.
    """
    whole = ended(begun(data, made=made, **changes))
    expected = whole.network.state_dict()
    interrupted, events = begun(data, made=made, **changes), 0
    for _ in interrupted.events():
        progress = Progress(tmp_path / "final", ["key"])
        progress.save(*interrupted.state())
        torch.rand(events)
        again = begun(data, made=made, **changes)
        again.restore(*progress.load())
        assert again.step == interrupted.step
        ended(again)
        assert again.history == whole.history
        for name, value in again.network.state_dict().items():
            assert torch.equal(value, expected[name]), (events, name)
        events += 1
    assert events == 11


def test_another_key_finds_nothing_and_removes_it(tmp_path):
    Progress(tmp_path / "final", ["spec", "code"]).save({"x": torch.ones(2)}, {"step": 3})
    same = Progress(tmp_path / "final", ["spec", "code"])
    tensors, values = same.load()
    assert torch.equal(tensors["x"], torch.ones(2))
    assert values == {"step": 3}
    assert Progress(tmp_path / "final", ["spec", "other code"]).load() is None
    assert same.load() is None


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda _: b"", lambda _: b"x" * 99])
def test_a_damaged_state_is_no_state(tmp_path, damage):
    progress = Progress(tmp_path / "final", ["key"])
    progress.save({"x": torch.ones(200)}, {"step": 3})
    progress.state.write_bytes(damage(progress.state.read_bytes()))
    assert progress.load() is None
