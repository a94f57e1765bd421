"""The transferability T of the weights of a network (Chen et al. 2022).

T = D(initial, tuned) / D(start, tuned), where the start is the pre-trained network, and D is a distance between the
weights of a layer. It is above 1 if pre-training brings the weights closer to those after fine-tuning.
"""

import math
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from repdrift.experiments.transferability.tables import HEAD, OVERALL
from repdrift.networks.conv4 import Conv4

Weights = Mapping[str, Tensor]


def convolutions(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of the convolutions as ``conv1``, ``conv2`` and so on, without biases."""
    found = [module.weight.detach() for module in network.modules() if isinstance(module, nn.Conv2d)]
    return {f"conv{number}": weight for number, weight in enumerate(found, 1)}


def compared_weights(network: Conv4) -> dict[str, Tensor]:
    """Return the weights of the convolutions and of the ``head``."""
    return {**convolutions(network), HEAD: network.head.weight.detach()}


def mean_absolute(first: Tensor, second: Tensor) -> float:
    """Return the mean absolute difference of two tensors of equal shape, computed in float64."""
    return float((first.double() - second.double()).abs().mean())


def distances(first: Weights, second: Weights, distance: Callable[[Tensor, Tensor], float]) -> dict[str, float]:
    """Return the distance between two networks in each layer."""
    return {name: distance(weight, second[name]) for name, weight in first.items()}


def transferability(from_initial: Mapping[str, float], from_start: Mapping[str, float]) -> dict[str, float]:
    """Return T of each layer, and ``overall``, which is the mean over the convolutions.

    Parameters
    ----------
    from_initial, from_start : mapping of str to float
        The distances of the tuned network from the initial network and from the start, by layer.

    Returns
    -------
    dict of str to float
        A layer that training did not change has an infinite T, and then the mean is infinite too.
    """
    found = {name: ratio(far, from_start[name]) for name, far in from_initial.items()}
    hidden = [value for name, value in found.items() if name != HEAD]
    return {**found, OVERALL: sum(hidden) / len(hidden)}


def ratio(far: float, near: float) -> float:
    """Return `far` / `near`, or infinity if `near` is 0."""
    return far / near if near else math.inf


def log(value: float) -> float:
    """Return the natural logarithm, or minus infinity for 0."""
    return math.log(value) if value else -math.inf
