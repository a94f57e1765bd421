"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

import math
from collections.abc import Iterator

from repdrift.claims.contrasts import Table

METHODS = Table("head2toe", ("target", "method", "measure", "item"))
AFFINITIES = Table("head2toe_affinity", ("target", "measure"))

# The methods that claims, figures and programs name. All methods are in `method_names.NAMES`.
HEAD2TOE, LINEAR, SCRATCH, FINE_TUNING = "head2toe", "linear", "scratch", "fine-tuning"
HEAD2TOE_FT, LP_FT = "head2toe-ft", "lp-ft"
LINEAR_INTERMEDIATE, LINEAR_SECOND = "linear-intermediate", "linear-second"

# The measures of a method on a target. The items of the accuracy on halves of the test images are `EVEN` and `ODD`.
# The items of features, shares and enrichment are layers; `EARLY` stands for all layers before the penultimate one.
TEST_ACCURACY, VALIDATION_ACCURACY, RANK_ACCURACY = "test accuracy", "validation accuracy", "rank accuracy"
HALF_ACCURACY, EVEN, ODD = "accuracy on half", "even", "odd"
HALVES = {EVEN: slice(0, None, 2), ODD: slice(1, None, 2)}  # the test images with even and with odd numbers
CONFIGURATIONS, FEATURES, KEPT, SHARE, CHOSEN = "configurations", "features", "kept", "share", "chosen"
ENRICHMENT, EARLY = "enrichment", "early"
FLOPS, BYTES, LOG10 = "flops", "bytes", "log10 "
PAPER, OURS = "paper", "ours"  # the two ways of counting costs

# The measures of a target.
AFFINITY, GAIN, EARLY_ENRICHMENT = "affinity", "gain", "enrichment of early layers"
# Affinity and gain that share no network, no probe and no test image.
SEPARATE_AFFINITY, SEPARATE_GAIN = "affinity of other seeds, even images", "gain, odd images"
# The rank correlations with affinity over the targets, and the ends of their intervals over targets and seeds.
GAIN_CORRELATION, ENRICHMENT_CORRELATION = "rank correlation of gain", "rank correlation of enrichment"
LOW, HIGH = ", low", ", high"

COLUMNS = ("target", "seed", "method", "measure", "item", "value")

Row = dict[str, object]


def row(measure: str, value: float, item: str = "") -> Row:
    """Make the row of a number. Target, seed and method are added later."""
    return {"measure": measure, "item": item, "value": value}


def cost_rows(measure: str, value: int, item: str) -> Iterator[Row]:
    """Yield the row of a cost and the row of its decimal logarithm, which is NaN where the cost is 0."""
    yield row(measure, value, item)
    yield row(LOG10 + measure, math.log10(value) if value else math.nan, item)
