"""Networks that draw random numbers in training: they draw what is theirs, whoever else shares the process."""

import pytest
import torch
from tests.unit.dropping import Dropping
from tests.unit.stage import SETTINGS
from torch import nn

from repdrift.data import rendered
from repdrift.networks.building import initialise
from repdrift.networks.conv4 import Conv4
from repdrift.networks.evaluation import evaluate
from repdrift.specs import TrainingSettings
from repdrift.training.randomness import draws, seeded
from repdrift.training.training import Training

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data():
    images, labels = rendered.render("objects", "train", 100)
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)


def begun(data, seed):
    network = Dropping()
    initialise(network, "initialisation", seed)
    settings = TrainingSettings(**SETTINGS, steps=8)
    return Training(network, data, data, settings, torch.Generator().manual_seed(seed))


def weights(training):
    return nn.utils.parameters_to_vector(training.network.parameters())


def test_only_networks_that_draw_are_found(data):
    dropping, conv4 = Dropping(), Conv4()
    before = torch.get_rng_state()
    assert draws(dropping.train(), data[0])
    assert not draws(dropping.eval(), data[0])
    assert not draws(conv4.train(), data[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_trying_a_network_leaves_it_as_it_is(data):
    network = Dropping().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    draws(network, data[0])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_two_in_turn_are_as_each_alone(data):
    alone = []
    for seed in (1, 2):
        torch.manual_seed(seed + 10)  # whatever the process has drawn before
        training = begun(data, seed)
        list(training.events())
        alone.append(training)
    together = [begun(data, seed) for seed in (1, 2)]
    for _ in zip(*(training.events() for training in together), strict=True):
        torch.rand(3)
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(weights(one), weights(other))
        assert one.history == other.history
    assert not torch.equal(weights(alone[0]), weights(alone[1]))


def test_each_step_drops_something_else(data):
    training, seeds = begun(data, 1), []
    for _ in range(2):
        seeds += [batch.seed for batch in training._batches.of_epoch(0, training.generator)]
    assert len(set(seeds)) == len(seeds) == 8
    dropout, ones = nn.Dropout(0.5).train(), torch.ones(64)
    found = []
    for seed in seeds:
        with seeded(seed, CPU):
            found.append(dropout(ones))
    assert len({tuple(each.tolist()) for each in found}) == 8


def test_evaluation_draws_nothing(data):
    network = Dropping().train()
    assert evaluate(network, *data) == evaluate(network, *data)
