"""Networks on the line between two, and the barrier there (Neyshabur et al. 2020, section 3.4)."""

from collections.abc import Mapping, Sequence

from torch import Tensor

State = Mapping[str, Tensor]


def interpolated(first: State, second: State, share: float) -> dict[str, Tensor]:
    """``(1 - share) * first + share * second`` of all that two networks hold; at 0 and 1 the end points to the bit.

    Counts, which batch normalisation keeps, are whole numbers: they are those of the first.
    """
    return {
        name: value.lerp(second[name], share) if value.is_floating_point() else value for name, value in first.items()
    }


def barrier(shares: Sequence[float], accuracies: Sequence[float]) -> float:
    """How far the accuracy on a line falls below the straight line between its ends, at most.

    ``max over shares of (1 - share) A(0) + share A(1) - A(share)``: in the unit of the accuracies, and 0 where no
    network on the line is below it, for the ends themselves are on it.

    Parameters
    ----------
    shares : sequence of float
        From 0 to 1, in this order.
    accuracies : sequence of float
        Of the network at each.
    """
    start, end = accuracies[0], accuracies[-1]
    return max(
        (1 - share) * start + share * end - found if 0 < share < 1 else 0.0
        for share, found in zip(shares, accuracies, strict=True)
    )


def even_shares(count: int) -> list[float]:
    """Shares from 0 to 1, `count` of them, evenly apart."""
    return [place / (count - 1) for place in range(count)]
