"""How much closer pre-training brings the weights to a target's (Chen et al. 2022).

T = D(initial, tuned) / D(start, tuned): the start is the pre-trained network, and D a distance of convolution weights.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from torch import Tensor, nn

from repdrift.experiments.transferability.tables import HEAD, OVERALL
from repdrift.networks.conv4 import Conv4

Weights = Mapping[str, Tensor]


def convolutions(network: nn.Module) -> dict[str, Tensor]:
    """Weights of the convolutions, ``conv1`` first: chosen by type, so neither biases nor batch normalisation count."""
    found = [module.weight.detach() for module in network.modules() if isinstance(module, nn.Conv2d)]
    return {f"conv{number}": weight for number, weight in enumerate(found, 1)}


def measured(network: Conv4) -> dict[str, Tensor]:
    """Weights that are compared: those of the convolutions, and those of the ``head``."""
    return {**convolutions(network), HEAD: network.head.weight.detach()}


def mean_absolute(first: Tensor, second: Tensor) -> float:
    """Mean absolute difference of two tensors of one shape, in float64."""
    return float((first.double() - second.double()).abs().mean())


def distances(first: Weights, second: Weights, distance: Callable[[Tensor, Tensor], float]) -> dict[str, float]:
    """Distance of two networks, layer by layer."""
    return {name: distance(weight, second[name]) for name, weight in first.items()}


def transferability(from_initial: Mapping[str, float], from_start: Mapping[str, float]) -> dict[str, float]:
    """T of each layer, and ``overall``: the mean of these ratios over the convolutions.

    Parameters
    ----------
    from_initial, from_start : mapping of str to float
        Distance of the tuned network's layers from those of the initial network, and from those of the start.

    Returns
    -------
    dict of str to float
        Infinite for a layer that training left as it was in the start, and so overall.
    """
    found = {name: ratio(far, from_start[name]) for name, far in from_initial.items()}
    hidden = [value for name, value in found.items() if name != HEAD]
    return {**found, OVERALL: sum(hidden) / len(hidden)}


def ratio(far: float, near: float) -> float:
    """Give `far` / `near`; infinite, never undefined, where `near` is 0."""
    return far / near if near else math.inf


def log(value: float) -> float:
    return math.log(value) if value else -math.inf


def lead(values: Sequence[float]) -> float:
    """How far the highest of the later layers is above the first."""
    return max(values[1:]) - values[0]


def largest_rise(values: Sequence[float]) -> float:
    """Largest change from a layer to the next: below 0 if the values fall all the way."""
    return max(later - earlier for earlier, later in pairwise(values))
