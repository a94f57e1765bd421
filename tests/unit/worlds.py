"""Worlds in which a paper is right, wrong, or neither: the effects in margins, and the wobble between seeds."""

from dataclasses import dataclass

import pandas as pd

from repdrift.claims.judging import judge_claims
from repdrift.claims.regime import EXPLORATORY, Regime

SEEDS = (1, 2, 3, 4, 5, 6)
REGIME = Regime("conv4", 4096, 150, 1000, 25, "made up", EXPLORATORY)


@dataclass(frozen=True)
class World:
    """Effects of `effect` margins. Every other seed has `wobble` margins more, and the others have as many less."""

    effect: float
    wobble: float

    def in_seed(self, seed, share=1.0):
        """The wobble of a number in a seed; `share` is 1, or -1 for the opposite."""
        return share * self.wobble * (1 if seed % 2 else -1)


RIGHT, WRONG = World(5, 0.05), World(-5, 0.05)
NEITHER = World(0, 6)  # the interval reaches beyond the margin on both sides
WITHIN = World(0.4, 0.02)  # the interval lies within the margin


def verdicts(claims, numbers):
    """The rows of the claims by name, given the numbers of tables."""
    contrasts, found = judge_claims(claims, [], numbers, REGIME)
    return pd.DataFrame(contrasts), pd.DataFrame(found).set_index("claim")
