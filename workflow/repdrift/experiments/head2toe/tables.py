"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

import math
from collections.abc import Iterator

from repdrift.claims.contrasts import Table

METHODS = Table("head2toe", ("target", "method", "measure", "item"))
AFFINITIES = Table("head2toe_affinity", ("target", "measure"))

# The methods that claims, figures and programs name. All methods are in `method_names.NAMES`.
HEAD2TOE, LINEAR, SCRATCH, FINE_TUNING, HEAD2TOE_FT = "head2toe", "linear", "scratch", "fine-tuning", "head2toe-ft"
LINEAR_INTERMEDIATE, LINEAR_SECOND = "linear-intermediate", "linear-second"

# The measures of a method on a target.
TEST_ACCURACY, VALIDATION_ACCURACY, RANK_ACCURACY = "test accuracy", "validation accuracy", "rank accuracy"
CONFIGURATIONS, FEATURES, KEPT, SHARE, CHOSEN = "configurations", "features", "kept", "share", "chosen"
FLOPS, BYTES, LOG10 = "flops", "bytes", "log10 "
PAPER, OURS = "paper", "ours"  # the two ways of counting costs

# The measures of a target, and the rank correlations with affinity over the targets.
AFFINITY, GAIN, EARLY_SHARE = "affinity", "gain", "share before the penultimate layer"
GAIN_CORRELATION, SHARE_CORRELATION = "rank correlation of gain", "rank correlation of share"

COLUMNS = ("target", "seed", "method", "measure", "item", "value")

Row = dict[str, object]


def row(measure: str, value: float, item: str = "") -> Row:
    """Make the row of a number. Target, seed and method are added later."""
    return {"measure": measure, "item": item, "value": value}


def cost_rows(measure: str, value: int, item: str) -> Iterator[Row]:
    """Yield the row of a cost and the row of its decimal logarithm, which is NaN where the cost is 0."""
    yield row(measure, value, item)
    yield row(LOG10 + measure, math.log10(value) if value else math.nan, item)
