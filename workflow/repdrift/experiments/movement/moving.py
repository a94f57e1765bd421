"""Networks whose parts have moved: each by the same relative size, or all along the line to the trained network.

The rescaling of changes to one size follows Billa (2026, arXiv 2604.17177).
"""

import copy
import math

import torch
from torch import Tensor

from repdrift.networks.distances import WHOLE, Weights, l2_distances, norm
from repdrift.networks.interpolation import interpolated
from repdrift.networks.network import Network


def relative_sizes(start: Network, end: Network) -> dict[str, float]:
    """Return the size of the change of each part by name, and of the ``whole`` network, relative to the start.

    It is the norm of the change as a multiple of the norm of the weights in `start`. Both norms are Euclidean and
    computed in float64. The size is 0 if nothing has changed. It is infinite if all weights have changed from 0.
    """
    norms = {name: norm(part) for name, part in start.parts.items()}
    norms |= {WHOLE: math.hypot(*norms.values())}
    return {name: _ratio(change, norms[name]) for name, change in l2_distances(start, end).items()}


def _ratio(change: float, size: float) -> float:
    if change == 0:
        return 0.0
    return change / size if size else math.inf


def moved_equally(start: Network, end: Network, size: float) -> Network:
    """Return a copy of a network in which every part has moved towards a trained one, by the same relative size.

    The change of each part keeps its direction. Its norm becomes `size` times the norm of the part's weights at the
    start. A part stays if training did not change it, because its change has no direction, and if all its weights are 0
    at the start, because `size` times 0 is 0. Buffers, such as the running statistics of batch normalisation, stay too.

    Parameters
    ----------
    start, end : Network
        The network before and after training. They are not changed.
    size : float
        At least 0.
    """
    moved, ends, trained = copy.deepcopy(start), end.parts, relative_sizes(start, end)
    for name, part in moved.parts.items():
        if 0 < trained[name] < math.inf:
            _move(part, ends[name], size / trained[name])
    return moved


@torch.no_grad()
def _move(part: Weights, end: Weights, factor: float) -> None:
    """Add a multiple of the change to the weights of a part, in place. The sum is computed in float64."""
    for name, weight in part.items():
        begin: Tensor = weight.double()
        weight.copy_(begin + factor * (end[name].double() - begin))


def moved_along(start: Network, end: Network, share: float) -> Network:
    """Return the network on the straight line from `start` (share 0) to `end` (share 1), to the bit at both ends.

    All weights and buffers are interpolated. Integer buffers are those of the nearer end.
    """
    near, far, rest = (start, end, share) if share < 0.5 else (end, start, 1 - share)
    moved = copy.deepcopy(near)
    moved.saved.load_state_dict(interpolated(near.saved.state_dict(), far.saved.state_dict(), rest))
    return moved
