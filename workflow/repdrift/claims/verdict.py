"""The rule that judges claims: from the effects of contrasts to the verdict on a claim.

Every contrast has an effect with a 95 % interval, and a margin that was declared before the data. Most claims say that
an effect is above 0. Such a contrast is

- supported if the interval is above 0 and the effect is at least the margin,
- contradicted if the effect is below 0, also after Holm's correction, and at least the margin in size,
- negligible if the whole interval lies within the margin,
- undecided otherwise.

Some claims say that two numbers are equal. Such a contrast is supported if the whole interval lies within the margin,
contradicted if the effect is beyond it, also after Holm's correction, and undecided otherwise.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from repdrift.claims.contrasts import ANY
from repdrift.claims.estimates import Estimate
from repdrift.claims.rule import (
    CONFIDENCE,
    CONTRADICTED,
    MIN_SEEDS,
    NEGLIGIBLE,
    OF_INTEREST,
    POWER,
    SUPPORTED,
    UNDECIDED,
)

LEVEL = (1 - CONFIDENCE) / 2  # of each one-sided test
MOST_SEEDS = 1000  # more seeds than this are never asked for


@dataclass(frozen=True)
class Judged:
    """A contrast with its verdict.

    Attributes
    ----------
    estimate : Estimate
    margin : float
        The smallest effect of interest.
    equal : bool
        Whether the claim says that the effect is 0, and not that it is above 0.
    verdict : str
    """

    estimate: Estimate
    margin: float
    equal: bool
    verdict: str = UNDECIDED

    @property
    def decidable(self) -> bool:
        """Whether there are enough seeds, and a value in each of them."""
        return not self.estimate.undefined and self.estimate.seeds >= MIN_SEEDS

    @property
    def p_support(self) -> float:
        """The p-value of the hypothesis that the contrast is not as the claim says."""
        if self.equal:
            return max(self.estimate.p_above(-self.margin), self.estimate.p_below(self.margin))
        return self.estimate.p_above(0.0)

    @property
    def p_contradiction(self) -> float:
        """The p-value of the hypothesis that the contrast is not opposite to the claim."""
        if self.equal:
            return min(1.0, 2 * min(self.estimate.p_above(self.margin), self.estimate.p_below(-self.margin)))
        return self.estimate.p_below(0.0)

    @property
    def reason(self) -> str:
        """Why the contrast is not supported, in a few words. The text is empty if it is supported."""
        return "" if self.verdict == SUPPORTED else reason_against(self)

    @property
    def large(self) -> bool:
        """Whether the effect is at least the margin, on either side."""
        return abs(self.estimate.effect) >= self.margin

    @property
    def within(self) -> bool:
        """Whether the whole interval lies within the margin."""
        return -self.margin < self.estimate.low and self.estimate.high < self.margin


def judge(contrasts: Sequence[Judged], needs: str) -> list[Judged]:
    """Judge the contrasts of a claim that decide.

    A claim that needs all of its contrasts is contradicted if one of them is, so the p-values of contradictions are
    corrected by Holm's method. A claim that needs any of them is supported if one of them is, so the p-values of
    supports are corrected instead.
    """
    able = [one.decidable for one in contrasts]
    against = holm([one.p_contradiction if ok else 1.0 for one, ok in zip(contrasts, able, strict=True)])
    for_it = holm([one.p_support if ok else 1.0 for one, ok in zip(contrasts, able, strict=True)])
    found = []
    for one, p_against, p_for in zip(contrasts, against, for_it, strict=True):
        p_support = p_for if needs == ANY else one.p_support
        p_contradiction = one.p_contradiction if needs == ANY else p_against
        found.append(replace(one, verdict=verdict_on(one, p_support, p_contradiction)))
    return found


def verdict_on(one: Judged, p_support: float, p_contradiction: float) -> str:
    """Return the verdict on a contrast, given its corrected p-values."""
    if not one.decidable:
        return UNDECIDED
    if p_contradiction <= LEVEL and one.large and (one.equal or one.estimate.effect < 0):
        return CONTRADICTED
    if one.within:
        return SUPPORTED if one.equal else NEGLIGIBLE
    if not one.equal and p_support <= LEVEL and one.large and one.estimate.effect > 0:
        return SUPPORTED
    return UNDECIDED


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that are adjusted by the method of Holm (1979), in the same order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def reason_against(one: Judged) -> str:
    """Return why a contrast is not supported, in a few words."""
    found = one.estimate
    if found.undefined:
        return f"undefined for {found.undefined} of {found.seeds} seeds"
    if found.seeds < 2:
        return f"{seeds_in_words(found.seeds)}, at least {MIN_SEEDS} are needed"
    interval = f"{found.effect:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"
    if one.verdict == CONTRADICTED:
        return f"the effect is {interval}, " + ("beyond the margin" if one.equal else "opposite to the claim")
    if one.verdict == NEGLIGIBLE:
        return f"the effect {interval} lies within the margin of {one.margin:.3g}"
    reason = f"the effect is {interval}"
    if not one.margin:  # no smallest effect of interest
        return reason
    of_interest = 0.0 if one.equal else OF_INTEREST * one.margin
    needed = seeds_needed(one, of_interest)
    if needed is None or needed > found.seeds:
        wanted = f"an effect of {of_interest:.3g}" if of_interest else "equality"
        reason += f": {seeds_in_words(found.seeds)}, {needed or f'over {MOST_SEEDS:,}'} are needed for {wanted}"
    return reason


def seeds_in_words(count: int) -> str:
    return f"{count} seed" + ("" if count == 1 else "s")


def seeds_needed(one: Judged, effect: float) -> int | None:
    """Return the number of seeds that find an effect with a power of 80 %, given the present standard error.

    The result is None if no number up to 1,000 does.
    """
    spread = one.estimate.error * math.sqrt(one.estimate.seeds)
    counts = range(MIN_SEEDS, MOST_SEEDS)
    place = bisect_left(counts, POWER, key=lambda count: power(one, effect, spread, count))
    return counts[place] if place < len(counts) else None


def power(one: Judged, effect: float, spread: float, seeds: int) -> float:
    """Return the probability of support if the true effect is `effect` and the standard deviation `spread`."""
    error = spread / math.sqrt(seeds)
    if error == 0:
        return 1.0
    critical = float(special.stdtrit(seeds - 1, 1 - LEVEL))
    if one.equal:
        # The mean must be nearer to 0 than the margin by the half-width of the interval.
        room = one.margin - critical * error
        return float(special.ndtr(room / error) - special.ndtr(-room / error)) if room > 0 else 0.0
    significant = 1 - float(special.nctdtr(seeds - 1, effect / error, critical))
    large = float(special.ndtr((effect - one.margin) / error))
    return min(significant, large)


def together(verdicts: Sequence[str], needs: str) -> str:
    """Combine the verdicts on the contrasts that decide into the verdict on the claim.

    If the claim needs all of them, one contradiction contradicts it. If no contrast is contradicted or undecided, it is
    negligible if one of them is. If the claim needs any of them, one support supports it, and it is contradicted only
    if all are.
    """
    found = set(verdicts)
    if not found:
        return UNDECIDED
    order = (SUPPORTED, UNDECIDED, NEGLIGIBLE) if needs == ANY else (CONTRADICTED, UNDECIDED, NEGLIGIBLE)
    last = CONTRADICTED if needs == ANY else SUPPORTED
    return next((verdict for verdict in order if verdict in found), last)
