"""What an estimator that knows nothing would reach.

The Snakefile imports this module, so it needs nothing heavy.
"""

from math import comb


def pairs(groups: int, seeds: int) -> tuple[int, int]:
    """Return the number of pairs of networks of different seeds, and of those among them of the same group.

    Each group has a network of every seed.
    """
    return groups**2 * comb(seeds, 2), groups * comb(seeds, 2)


def chance(groups: int, seeds: int) -> float:
    """Return the mean of the average precision over all orders of the pairs.

    With N pairs of which P are of the same group, it is (H + (N - H) (P - 1) / (N - 1)) / N, where H is the sum of 1/k
    for k from 1 to N. The precision after k pairs counts if pair k is of the same group, which has the probability
    P / N, and it is then the mean of (1 + (k - 1) (P - 1) / (N - 1)) / k. For many pairs this is the base rate P / N,
    which is 1 / groups. Without pairs, the base rate is returned.
    """
    count, same = pairs(groups, seeds)
    if count < 2:
        return 1 / groups
    harmonic = sum(1 / k for k in range(1, count + 1))
    return (harmonic + (count - harmonic) * (same - 1) / (count - 1)) / count
