"""The transferability T of the weights of a network (Chen et al. 2022).

T = D(initial, tuned) / D(start, tuned), where the start is the pre-trained network, and D is a distance between the
weights of a layer. It is above 1 if pre-training brings the weights closer to those after fine-tuning.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from repdrift.experiments.transferability.tables import HEAD, OVERALL
from repdrift.networks.network import Network

Weights = Mapping[str, Tensor]


def compared_weights(network: Network) -> dict[str, Tensor]:
    """Return the kernels of convolutions and the weight matrices of each part, flattened, without biases.

    The parts have the names that `repdrift.study.architectures.Architecture.matrices` lists.
    """
    kernels = [
        torch.cat([weight.detach().flatten() for weight in part.values() if weight.ndim > 1])
        for part in network.parts.values()
    ]
    return dict(zip(network.names.matrices, kernels, strict=True))


def mean_absolute(first: Tensor, second: Tensor) -> float:
    """Return the mean absolute difference of two tensors of equal shape, computed in float64."""
    return float((first.double() - second.double()).abs().mean())


def distances(first: Weights, second: Weights, distance: Callable[[Tensor, Tensor], float]) -> dict[str, float]:
    """Return the distance between two networks in each layer. A head of another size is left out."""
    return {
        name: distance(weight, second[name]) for name, weight in first.items() if weight.shape == second[name].shape
    }


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
    found = {name: ratio(far, from_start[name]) for name, far in from_initial.items() if name in from_start}
    hidden = [value for name, value in found.items() if name != HEAD]
    return {**found, OVERALL: sum(hidden) / len(hidden)}


def ratio(far: float, near: float) -> float:
    """Return `far` / `near`, or infinity if `near` is 0."""
    return far / near if near else math.inf


def log(value: float) -> float:
    """Return the natural logarithm, or minus infinity for 0."""
    return math.log(value) if value else -math.inf
