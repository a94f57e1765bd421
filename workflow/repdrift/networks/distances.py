"""Distances between the weights of two networks, for each part. The statistics of BN are not weights."""

import math
from collections.abc import Mapping

from torch import Tensor, nn

from repdrift.networks.conv4 import Conv4

WHOLE = "whole"

Weights = Mapping[str, Tensor]


def weights(module: nn.Module) -> dict[str, Tensor]:
    """Copy the weights of a network, or of a part of it, by name."""
    return {name: value.detach().clone() for name, value in module.named_parameters()}


def l2(first: Tensor, second: Tensor) -> float:
    """Return the Euclidean distance between two tensors of the same shape, computed in float64."""
    return float((first.double() - second.double()).norm())


def l2_distance(first: Weights, second: Weights) -> float:
    """Return the Euclidean distance between two sets of weights with the same names and shapes."""
    return math.hypot(*(l2(value, second[name]) for name, value in first.items()))


def l2_distances(first: Conv4, second: Conv4) -> dict[str, float]:
    """Return the Euclidean distance between two networks' weights, for each part by name and for the ``whole``."""
    others = second.parts
    found = {name: l2_distance(weights(part), weights(others[name])) for name, part in first.parts.items()}
    return {**found, WHOLE: math.hypot(*found.values())}
