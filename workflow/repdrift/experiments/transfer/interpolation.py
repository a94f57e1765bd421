"""Networks on the line between two networks, and the barrier between these (Neyshabur et al. 2020, section 3.4)."""

from collections.abc import Mapping, Sequence

from torch import Tensor

State = Mapping[str, Tensor]


def interpolated(first: State, second: State, share: float) -> dict[str, Tensor]:
    """Return ``(1 - share) * first + share * second`` of all parameters and buffers of two networks.

    The result equals the ends exactly at 0 and 1. The integer counters of batch normalisation are those of the first.
    """
    return {
        name: value.lerp(second[name], share) if value.is_floating_point() else value for name, value in first.items()
    }


def barrier(shares: Sequence[float], accuracies: Sequence[float]) -> float:
    """Return the barrier: how far the accuracy falls at most below the linear interpolation between its two ends.

    It is the maximum of ``(1 - share) A(0) + share A(1) - A(share)`` over the shares, in the unit of the accuracies. It
    is at least 0, since the difference is 0 at the ends.

    Parameters
    ----------
    shares : sequence of float
        Ascending, from 0 to 1.
    accuracies : sequence of float
        The accuracy of the network at each share.
    """
    start, end = accuracies[0], accuracies[-1]
    return max(
        (1 - share) * start + share * end - found if 0 < share < 1 else 0.0
        for share, found in zip(shares, accuracies, strict=True)
    )


def even_shares(count: int) -> list[float]:
    """Return `count` evenly spaced shares from 0 to 1."""
    return [place / (count - 1) for place in range(count)]
