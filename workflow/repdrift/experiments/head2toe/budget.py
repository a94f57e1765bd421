"""The number of configurations among which the search of each method chooses.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Sequence

BUDGET = 24  # configurations for each method; the paper has this number for methods that use all layers
HALF_BUDGET = 12  # configurations of a probe whose network is then trained, which takes the other half of the budget


def after_probe(lengths: Sequence[int]) -> tuple[int, ...]:
    """Return the lengths of a training that begins at a probe: every second one, ascending, with the longest.

    A training that begins without a probe tries all of them.
    """
    return tuple(sorted(sorted(lengths, reverse=True)[::2]))


def budgets(learning_rates: Sequence[float], lengths: Sequence[int]) -> list[int]:
    """List the different numbers of configurations: of probes, and of trainings without and after a probe."""
    rates = len(learning_rates)
    return sorted({BUDGET, rates * len(lengths), HALF_BUDGET + rates * len(after_probe(lengths))})
