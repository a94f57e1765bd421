"""The verdicts, and the numbers of the rule by which they are given, see `repdrift.claims.verdict`.

The Snakefile imports this module, so it needs nothing heavy.
"""

SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED = "supported", "contradicted", "negligible", "undecided"
VERDICTS = (SUPPORTED, NEGLIGIBLE, UNDECIDED, CONTRADICTED)
CONFIDENCE = 0.95  # of each interval, which is two-sided
MIN_SEEDS = 4
POWER = 0.8
OF_INTEREST = 2  # the effect that a study should be able to find, in margins

NUMBERS = {"confidence": CONFIDENCE, "seeds": MIN_SEEDS}  # those on which verdicts depend
IN_WORDS = (
    f"Every effect has a {CONFIDENCE:.0%} interval and a margin, which is the smallest effect of interest. An effect "
    "is supported if its interval is above 0 and the effect is at least the margin. It is contradicted if the same "
    "holds for the opposite sign, also after Holm's correction for the number of effects. It is negligible if its "
    f"whole interval lies within the margin, and undecided otherwise or with fewer than {MIN_SEEDS} seeds. If the "
    "claim says that two numbers are equal, an interval within the margin supports it."
)
