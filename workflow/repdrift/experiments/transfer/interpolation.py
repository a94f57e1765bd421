"""The barrier between two networks, on the straight line between them (Neyshabur et al. 2020, section 3.4)."""

from collections.abc import Sequence


def barrier(shares: Sequence[float], one_half: Sequence[float], other_half: Sequence[float]) -> float:
    """Return the barrier: how far the accuracy falls at most below the linear interpolation between its two ends.

    The place of the largest fall is found on one half of the images, and the fall is measured there on the other half.
    The barrier is the mean over both ways. A maximum over noisy accuracies of the same images would be too large: on a
    flat line it is above 0 at any number of images.

    Parameters
    ----------
    shares : sequence of float
        Ascending, from 0 to 1.
    one_half, other_half : sequences of float
        The accuracies of the network at each share, on either half of the images.

    Returns
    -------
    float
        In the unit of the accuracies. It can be slightly negative.
    """
    first, second = falls(shares, one_half), falls(shares, other_half)
    return (second[first.index(max(first))] + first[second.index(max(second))]) / 2


def falls(shares: Sequence[float], accuracies: Sequence[float]) -> list[float]:
    """Return ``(1 - share) A(0) + share A(1) - A(share)`` at each share. It is 0 at the ends."""
    start, end = accuracies[0], accuracies[-1]
    return [
        (1 - share) * start + share * end - found if 0 < share < 1 else 0.0
        for share, found in zip(shares, accuracies, strict=True)
    ]


def even_shares(count: int) -> list[float]:
    """Return `count` evenly spaced shares from 0 to 1."""
    return [place / (count - 1) for place in range(count)]
