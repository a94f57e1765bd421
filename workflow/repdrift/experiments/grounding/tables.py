"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

GROUNDING = Table("grounding", ("panel", "reduce", "layer", "estimator", "measure"))
COLUMNS = (*GROUNDING.columns, "seed", "value", "low", "high", "n")  # n is the number of pairs of networks

# The measures: the average precision with its interval, its value for each seed (see `precision.by_seed`), and the mean
# of the average precision over random orders of the pairs.
AUPRC, BY_SEED, CHANCE = "AUPRC", "AUPRC by seed", "chance"

DEBIASED, BIASED = "cka-debiased", "cka-biased"  # the estimators that claims name, which are always measured

# A column of the table of the multiverse: how much better an estimator finds known answers, see `ranking.ranked`.
ADVANTAGE = "advantage"

# The columns of a table of similarities, in which `other` and `other_seed` name the second network of a pair.
PAIRS = ("run", "seed", "other", "other_seed", "layer", "estimator", "value")
