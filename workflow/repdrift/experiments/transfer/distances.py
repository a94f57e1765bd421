"""Distances between the weights of two networks in three measures, as natural logarithms.

Neyshabur et al. (2020) report Euclidean distances. Parts differ in size, so the distance per weight and the distance
relative to the initial weights are measured too. The head belongs to the task and is no part of `ALL_BLOCKS`.
"""

import math
from collections.abc import Iterator, Mapping

from torch import Tensor

from repdrift.experiments.transfer.tables import ALL_BLOCKS, L2, RELATIVE, RMS, WHOLE
from repdrift.networks.distances import comparable, l2_distance
from repdrift.networks.network import Network
from repdrift.study.architectures import HEAD


def log_distances(first: Network, second: Network, initial: Network) -> Iterator[tuple[str, str, float]]:
    """Yield a measure, a part and a value for each measure and for each part of two networks.

    Parts are the blocks, the head, `ALL_BLOCKS` together and the `WHOLE` network. The measures are the logarithms of
    the Euclidean distance, of the root mean square difference per weight, and of the distance as a multiple of the norm
    of the part's weights in `initial`. The logarithm of 0 is minus infinity. If the heads differ in size, the head and
    the whole network are left out.
    """
    blocks = [name for name in first.parts if name != HEAD]
    names = [*blocks, HEAD] if comparable(first.parts[HEAD], second.parts[HEAD]) else blocks
    found = {name: l2_distance(first.parts[name], second.parts[name]) for name in names}
    norms = {name: math.hypot(*map(_norm, part.values())) for name, part in initial.parts.items()}
    counts = {name: sum(value.numel() for value in part.values()) for name, part in first.parts.items()}
    together = {ALL_BLOCKS: blocks, **({WHOLE: names} if HEAD in names else {})}
    for part, members in {**{name: [name] for name in names}, **together}.items():
        distance = _together(found, members)
        yield L2, part, _log(distance)
        yield RMS, part, _log(distance / math.sqrt(sum(counts[name] for name in members)))
        yield RELATIVE, part, _log(distance / _together(norms, members))


def _norm(value: Tensor) -> float:
    return float(value.detach().double().norm())


def _together(parts: Mapping[str, float], members: list[str]) -> float:
    return math.hypot(*(parts[name] for name in members))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
