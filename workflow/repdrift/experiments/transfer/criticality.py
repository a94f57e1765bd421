"""The criticality of a part of a network: how much the loss depends on its weights.

A part is a block or the head. Its weights are moved along a path from those before training to those after training,
and noise is added to them. All other weights stay as trained. See Chatterji et al. (2020), and section 3.5 of Neyshabur
et al. (2020).
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from repdrift.networks.distances import Weights, weights
from repdrift.networks.evaluation import batch_statistics, in_batches
from repdrift.networks.network import Network


@contextmanager
def replaced(part: Weights, by: Weights) -> Iterator[None]:
    """Give a part other weights within a context. Its own weights are restored exactly."""
    own = weights(part)
    _set(part, by)
    try:
        yield
    finally:
        _set(part, own)


@torch.no_grad()
def _set(part: Weights, values: Weights) -> None:
    for name, parameter in part.items():
        parameter.copy_(values[name])


class PartInNetwork:
    """A part of a network together with its inputs, which are the output of the parts before it.

    The inputs are computed once, so evaluating other weights of the part computes this part and the later ones only.
    BN uses the statistics of consecutive batches of 32 images.

    Parameters
    ----------
    network : Network
    name : str
        The name of the part.
    images, labels : uint8 [N, C, H, W], int64 [N]
    """

    def __init__(self, network: Network, name: str, images: Tensor, labels: Tensor) -> None:
        self.network, self.name, self.labels = network, name, labels
        self.part = network.parts[name]
        with torch.inference_mode(), batch_statistics(network):
            self.inputs = [network.input_of(name, batch) for batch in in_batches(images)]

    @torch.inference_mode()
    def evaluate(self, values: Weights) -> tuple[float, float]:
        """Return the mean cross-entropy in nats and the accuracy in percent with these weights of the part."""
        loss, correct = 0.0, 0
        with replaced(self.part, values), batch_statistics(self.network):
            for inputs, expected in zip(self.inputs, in_batches(self.labels), strict=True):
                logits = self.network.logits_from(self.name, inputs)
                loss += functional.cross_entropy(logits, expected, reduction="sum").item()
                correct += int((logits.argmax(1) == expected).sum())
        return loss / len(self.labels), 100 * correct / len(self.labels)

    def noisy(self, values: Weights, noise: float, draws: int, seed: int) -> tuple[float, float]:
        """Return the means of `evaluate` over draws of Gaussian noise that is added to the weights.

        `noise` is its standard deviation. One seed gives the same draws for all weights, scaled by `noise`. So fewer
        draws are needed to see differences between weights.
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
    """Return the criticality of a part: the least ``distance² / noise²`` with a loss up to a limit.

    At each distance, the noise is the one at which the loss crosses the limit. Between two noises of the grid, the loss
    is taken to be linear in ``noise²``, as it is for small noises. The criticality is 0 if the part can be
    rewound to its weights before training.

    Parameters
    ----------
    distances, noises, losses : sequences of float
        One entry for each point of the grid. The distance is from the weights before training, which is
        ``alpha * ||trained - initial||`` on the direct path. The noise is a standard deviation.
    limit : float
        The largest allowed loss in nats.
    """
    columns: dict[float, list[tuple[float, float]]] = {}
    for far, noise, loss in zip(distances, noises, losses, strict=True):
        columns.setdefault(far, []).append((noise, loss))
    found = math.inf
    for far, column in columns.items():
        allowed = allowed_noise(sorted(column), limit)
        if allowed is not None:
            found = min(found, 0.0 if far == 0 else (far / allowed) ** 2 if allowed else math.inf)
    return found


def allowed_noise(column: Sequence[tuple[float, float]], limit: float) -> float | None:
    """Return the largest noise with a loss up to a limit, given ascending noises with their losses.

    If the next noise of the column is beyond the limit, the result lies where the loss crosses it, see `criticality`.
    It is None if all losses are beyond the limit.
    """
    within = [place for place, (_, loss) in enumerate(column) if loss <= limit]
    if not within:
        return None
    noise, loss = column[within[-1]]
    if within[-1] == len(column) - 1:
        return noise
    next_noise, next_loss = column[within[-1] + 1]
    share = (limit - loss) / (next_loss - loss) if math.isfinite(next_loss) else 0.0
    return math.sqrt(noise**2 + share * (next_noise**2 - noise**2))
