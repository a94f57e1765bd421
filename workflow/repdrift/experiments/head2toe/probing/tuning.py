"""Training of the network itself, the alternative to probes, with a search for the best learning rate and length.

If the learning rate of a step does not depend on the length of the training, a training passes through all shorter
trainings. One training then gives the validation accuracy of every length. A cosine needs a training for each length.
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
from repdrift.networks.evaluation import in_eval_mode, score
from repdrift.networks.network import Network
from repdrift.seeds import seed_for
from repdrift.specs import TrainingSettings
from repdrift.study.sections import COSINE
from repdrift.training.training import Training


class Schedule(NamedTuple):
    """The learning rate and the length of a training. The search chooses between them."""

    learning_rate: float
    epochs: int


@dataclass(frozen=True, eq=False)
class Tuned:
    """The result of a search.

    Attributes
    ----------
    choice : Schedule
        The best schedule.
    tried : mapping of Schedule to float
        The mean validation accuracy (0..1) of every schedule.
    network : Module
        The network that is trained on all examples with the best schedule.
    steps : int
        Number of steps of that training.
    """

    choice: Schedule
    tried: Mapping[Schedule, float]
    network: nn.Module
    steps: int


Start = Callable[[Tensor], nn.Module]  # makes a network to be trained on the examples with these indices, int64 [m]


@dataclass(frozen=True, eq=False)
class Trainer:
    """Everything that the trainings of a search share.

    Attributes
    ----------
    start : function of int64 Tensor [m]
        It returns a new network for the examples with these indices. The network is trained in place.
    images, labels : uint8 Tensor [n, C, H, W], int64 Tensor [n]
        All examples.
    settings : mapping
        The settings of the training in the config. The learning rate is replaced.
    seed : int
        Seed of the order of the images.
    """

    start: Start
    images: Tensor
    labels: Tensor
    settings: Mapping[str, Any]
    seed: int

    def steps(self, examples: int, epochs: int) -> int:
        """Return the number of steps of a training on some examples for some epochs."""
        batch_size: int = self.settings["batch_size"]
        return epochs * math.ceil(examples / batch_size)

    def together(self, lengths: Sequence[int]) -> list[Sequence[int]]:
        """Divide lengths into those that one training passes through."""
        return [[length] for length in lengths] if self.settings.get("schedule") == COSINE else [lengths]

    def train(self, split: Split, rate: float, lengths: Sequence[int]) -> tuple[nn.Module, list[float]]:
        """Train a network for the longest of some lengths in epochs.

        Returns
        -------
        network : Module
            The trained network.
        accuracies : list of float
            The validation accuracy (0..1) at the end of each length. It is 0 if the loss was no longer finite.
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
        training, validation = self._examples(split.training), self._examples(split.validation)
        accuracies = []
        try:
            for epoch in Training(network, training, validation, TrainingSettings(**settings), order).events():
                if epoch is not None and epoch.epoch in lengths:
                    accuracies.append(accuracy(network, *validation))
        except UserError as error:
            print(error)
        return network, accuracies + [0.0] * (len(lengths) - len(accuracies))

    def _examples(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        indices = indices.to(self.labels.device)
        return self.images[indices].contiguous(memory_format=torch.channels_last), self.labels[indices]


def search_tuning(trainer: Trainer, splits: Sequence[Split], rates: Sequence[float], lengths: Sequence[int]) -> Tuned:
    """Try each learning rate and length on the splits, and train a network with the best of them on all examples.

    Of equally good ones, the shortest is chosen, and of these the first learning rate.

    Parameters
    ----------
    trainer : Trainer
    splits : sequence of Split
        The splits from `repdrift.experiments.head2toe.probing.folds` that the search for probes uses.
    rates : sequence of float
        Learning rates.
    lengths : sequence of int
        Lengths in epochs.
    """
    lengths = sorted(lengths)
    tried = {Schedule(rate, length): 0.0 for length, rate in product(lengths, rates)}
    for split, rate, passed in product(splits, rates, trainer.together(lengths)):
        _, accuracies = trainer.train(split, rate, passed)
        for length, value in zip(passed, accuracies, strict=True):
            tried[Schedule(rate, length)] += value / len(splits)
    best = max(tried, key=tried.__getitem__)
    every = torch.arange(len(trainer.labels))
    network, _ = trainer.train(Split(every, every[:1]), best.learning_rate, [best.epochs])
    return Tuned(best, tried, network, trainer.steps(len(every), best.epochs))


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the accuracy of a network in 0..1, with BN in eval mode.

    It is 0 for a network whose training has diverged, so that its loss or one of its layers is not finite.
    """
    was_training = network.training
    try:
        loss, percent = score(network.eval(), images, labels)
    except UserError as error:  # A probe refuses layers that are not finite.
        print(error)
        return 0.0
    finally:
        network.train(was_training)
    return percent / 100 if math.isfinite(loss) else 0.0


class ProbedNetwork(nn.Module):
    """A network together with a probe on its layers. Head2Toe-FT and LP-FT train both.

    Before training, its logits are those of the probe. Weights of the network that no selected feature depends on have
    no effect on the logits, so they are not trained.

    Parameters
    ----------
    network : Network
    probe : Probe
    target_size : int or None
        The size to which the layers are pooled. It must be that of the probe.
    """

    def __init__(self, network: Network, probe: Probe, target_size: int | None) -> None:
        super().__init__()
        self.network, self.selection, self.target_size = network, probe.selection, target_size
        classes, features = probe.head.weights.shape
        self.head = nn.Linear(features, classes)
        self.head.load_state_dict({"weight": probe.head.weights, "bias": probe.head.bias})
        self._freeze_without_effect()

    def _freeze_without_effect(self) -> None:
        """Freeze the weights that the logits of two blank images do not depend on."""
        weights = list(self.network.parameters())
        blank = torch.zeros(2, *self.network.image, dtype=torch.uint8, device=weights[0].device)
        with in_eval_mode(self.network):
            features = self._features(blank)
        gradients = torch.autograd.grad(features.values.sum(), weights, allow_unused=True)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.requires_grad_(gradient is not None)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [B, D] of images uint8 [B, 3, H, W]."""
        logits: Tensor = self.head(self.selection.apply(self._features(images)).values)
        return logits

    def _features(self, images: Tensor) -> Features:
        """Return the features of the layers with a selected one."""
        layers = self.network.read_layers(images)
        return Features.of({name: pooled(layers[name], self.target_size) for name in self.selection.indices})
