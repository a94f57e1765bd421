"""The methods that probes are held against: training the network itself, with a search of its own.

The study's SGD has a constant learning rate, so one training passes through all shorter ones: a validation accuracy is
taken at the end of each length.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features, pooled
from repdrift.experiments.head2toe.probing.probe import Probe
from repdrift.experiments.head2toe.probing.search import Split
from repdrift.networks.conv4 import Conv4
from repdrift.networks.evaluation import score
from repdrift.seeds import seed_for
from repdrift.specs import TrainingSettings
from repdrift.training.training import Training


class Choice(NamedTuple):
    """What a training is done with."""

    learning_rate: float
    epochs: int


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a search has found: mean validation accuracy (0..1) of every choice, the best, and its network."""

    choice: Choice
    tried: Mapping[Choice, float]
    network: nn.Module
    steps: int


Start = Callable[[Tensor], nn.Module]  # makes the network to be trained on the examples of these numbers, int64 [m]


@dataclass(frozen=True, eq=False)
class Trainer:
    """What all trainings of a search have in common.

    Parameters
    ----------
    start : function of int64 Tensor [m]
        Gives a network for the examples of these numbers; it is trained in place.
    images, labels : uint8 Tensor [n, C, H, W], int64 Tensor [n]
        All examples.
    settings : dict
        Of the training, as the config has them; the learning rate is another each time.
    seed : int
        Of the order of the images.
    """

    start: Start
    images: Tensor
    labels: Tensor
    settings: Mapping[str, Any]
    seed: int

    def steps(self, examples: int, epochs: int) -> int:
        batch_size: int = self.settings["batch_size"]
        return epochs * math.ceil(examples / batch_size)

    def train(self, split: Split, rate: float, lengths: Sequence[int]) -> tuple[nn.Module, list[float]]:
        """Train for the longest of these lengths (epochs), and give the validation accuracy at the end of each.

        It is 0 where the loss is not finite any more.
        """
        network = self.start(split.training)
        longest = max(lengths)
        settings = {
            **self.settings,
            "learning_rate": rate,
            "steps": self.steps(len(split.training), longest),
            "test_every": longest,
        }
        order = torch.Generator().manual_seed(seed_for("data order", self.seed, "head2toe"))
        seen, held_out = self._some(split.training), self._some(split.validation)
        accuracies = []
        try:
            for epoch in Training(network, seen, held_out, TrainingSettings(**settings), order).events():
                if epoch is not None and epoch.epoch in lengths:
                    accuracies.append(accuracy(network, *held_out))
        except UserError as error:
            print(error)
        return network, accuracies + [0.0] * (len(lengths) - len(accuracies))

    def _some(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        rows = rows.to(self.labels.device)
        return self.images[rows].contiguous(memory_format=torch.channels_last), self.labels[rows]


def search_tuning(trainer: Trainer, splits: Sequence[Split], rates: Sequence[float], lengths: Sequence[int]) -> Tuned:
    """Try each learning rate and length on the splits, then train on all examples with the best.

    Of equally good ones the shorter is chosen, and then the first rate.

    Parameters
    ----------
    trainer : Trainer
    splits : sequence of Split
        From `repdrift.experiments.head2toe.probing.folds`: those that the probes are searched for on.
    rates : sequence of float
    lengths : sequence of int
        In epochs.
    """
    lengths = sorted(lengths)
    found = {Choice(rate, length): 0.0 for length, rate in product(lengths, rates)}
    for split in splits:
        for rate in rates:
            _, accuracies = trainer.train(split, rate, lengths)
            for length, value in zip(lengths, accuracies, strict=True):
                found[Choice(rate, length)] += value / len(splits)
    best = max(found, key=found.__getitem__)
    every = torch.arange(len(trainer.labels))
    network, _ = trainer.train(Split(every, every[:1]), best.learning_rate, [best.epochs])
    return Tuned(best, found, network, trainer.steps(len(every), best.epochs))


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images that a network classifies as labelled, BN with its running statistics: 0..1."""
    was_training = network.training
    try:
        return score(network.eval(), images, labels)[1] / 100
    finally:
        network.train(was_training)


class ProbedNetwork(nn.Module):
    """A network whose logits are those of a probe on its layers: Head2Toe-FT trains both.

    Before training it predicts what the probe does. Parts that reach no kept feature are left as they are.

    Parameters
    ----------
    network : Conv4
    probe : Probe
    target_size : int or None
        What the layers are pooled to, as for the probe.
    """

    def __init__(self, network: Conv4, probe: Probe, target_size: int | None) -> None:
        super().__init__()
        self.network, self.selection, self.target_size = network, probe.selection, target_size
        last = max(network.layers.index(layer) for layer in probe.selection.indices)
        for part in list(network.parts.values())[last + 1 :]:
            part.requires_grad_(False)
        classes, features = probe.head.weights.shape
        self.head = nn.Linear(features, classes)
        self.head.load_state_dict({"weight": probe.head.weights, "bias": probe.head.bias})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the logits [B, D] of images [B, 3, H, W]."""
        layers = self.network(images)
        features = Features.of({name: pooled(layers[name], self.target_size) for name in self.selection.indices})
        return {"logits": self.head(self.selection.apply(features).values)}
