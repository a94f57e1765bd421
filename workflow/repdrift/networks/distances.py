"""Distances between the weights of two networks, for each part. The statistics of BN are not weights."""

import math
from collections.abc import Mapping

from torch import Tensor

from repdrift.networks.network import Network

WHOLE = "whole"

Weights = Mapping[str, Tensor]


def weights(part: Weights) -> dict[str, Tensor]:
    """Copy the weights of a part of a network by name."""
    return {name: value.detach().clone() for name, value in part.items()}


def comparable(first: Weights, second: Weights) -> bool:
    """Return whether two parts have weights of the same names and shapes. Heads for other classes have not."""
    return {name: value.shape for name, value in first.items()} == {name: value.shape for name, value in second.items()}


def l2(first: Tensor, second: Tensor) -> float:
    """Return the Euclidean distance between two tensors of the same shape, computed in float64."""
    return float((first.detach().double() - second.detach().double()).norm())


def l2_distance(first: Weights, second: Weights) -> float:
    """Return the Euclidean distance between two sets of weights with the same names and shapes."""
    return math.hypot(*(l2(value, second[name]) for name, value in first.items()))


def norm(part: Weights) -> float:
    """Return the Euclidean norm of a set of weights, computed in float64."""
    return math.hypot(*(float(value.detach().double().norm()) for value in part.values()))


def l2_distances(first: Network, second: Network) -> dict[str, float]:
    """Return the Euclidean distance between two networks' weights, for each part by name and for the ``whole``."""
    others = second.parts
    found = {name: l2_distance(part, others[name]) for name, part in first.parts.items()}
    return {**found, WHOLE: math.hypot(*found.values())}
