"""How much a network's loss depends on one of its parts: rewinding it, and its criticality.

Chatterji et al. (2020); Neyshabur et al. (2020), section 3.5. A part (a block, or the head) is moved along a path from
its weights before training to those after, with noise added, while the rest stays as trained.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from repdrift.networks.conv4 import Conv4
from repdrift.networks.distances import Weights, weights
from repdrift.networks.evaluation import BATCH, batch_statistics, normalise


@contextmanager
def replaced(part: nn.Module, by: Weights) -> Iterator[None]:
    """Give a part other weights for a while; its own come back to the bit."""
    own = weights(part)
    _set(part, by)
    try:
        yield
    finally:
        _set(part, own)


@torch.no_grad()
def _set(part: nn.Module, values: Weights) -> None:
    for name, parameter in part.named_parameters():
        parameter.copy_(values[name])


class PartInNetwork:
    """A part of a network, and what reaches it: to evaluate other weights of it, only it and what follows is computed.

    BN uses the statistics of consecutive batches of 32 images.

    Parameters
    ----------
    network : Conv4
    name : str
        Of one of its parts.
    images, labels : uint8 [N, C, H, W], int64 [N]
    """

    def __init__(self, network: Conv4, name: str, images: Tensor, labels: Tensor) -> None:
        self.network, self.name, self.labels = network, name, labels
        self.part = network.parts[name]
        with torch.inference_mode(), batch_statistics(network):
            self.inputs = [network.input_of(name, normalise(batch)) for batch in images.split(BATCH)]

    @torch.inference_mode()
    def evaluate(self, values: Weights) -> tuple[float, float]:
        """Mean cross-entropy in nats and accuracy in percent with these weights of the part."""
        loss, correct = 0.0, 0
        with replaced(self.part, values), batch_statistics(self.network):
            for inputs, expected in zip(self.inputs, self.labels.split(BATCH), strict=True):
                logits = self.network.logits_from(self.name, inputs)
                loss += functional.cross_entropy(logits, expected, reduction="sum").item()
                correct += int((logits.argmax(1) == expected).sum())
        return loss / len(self.labels), 100 * correct / len(self.labels)

    def noisy(self, values: Weights, noise: float, draws: int, seed: int) -> tuple[float, float]:
        """`evaluate`, as a mean over draws of Gaussian noise of this standard deviation added to the weights.

        The draws of a seed are the same for all weights and scale with the noise, so that differences are seen early.
        """
        if noise == 0:
            return self.evaluate(values)
        generator = torch.Generator().manual_seed(seed)
        found = []
        for _ in range(draws):
            drawn = {name: torch.randn(value.shape, generator=generator) for name, value in values.items()}
            moved = {name: value + noise * drawn[name].to(value.device) for name, value in values.items()}
            found.append(self.evaluate(moved))
        losses, accuracies = zip(*found, strict=True)
        return sum(losses) / draws, sum(accuracies) / draws


def criticality(distances: Sequence[float], noises: Sequence[float], losses: Sequence[float], limit: float) -> float:
    """Criticality of a part: ``min of distance² / noise²`` over all points whose loss is within the limit.

    The distance is that from the weights before training: ``alpha * ||trained - initial||`` on the direct path. 0: the
    part can be rewound to where it began. Infinite: no point is within the limit, but those without noise.

    Parameters
    ----------
    distances, noises, losses : sequences of float
        One entry for each point of the grid.
    limit : float
        Largest loss in nats.
    """
    found = math.inf
    for far, noise, loss in zip(distances, noises, losses, strict=True):
        if loss <= limit:
            found = min(found, 0.0 if far == 0 else (far / noise) ** 2 if noise else math.inf)
    return found
