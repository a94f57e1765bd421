"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

SIMILARITY = Table("transfer_similarity", ("dataset", "pair", "measure", "item"))
BARRIER = Table("transfer_barrier", ("dataset", "pair", "bn", "measure", "at"))
CRITICALITY = Table("transfer_criticality", ("dataset", "network", "part", "path", "measure", "at", "noise"))

# Measures of pairs, beside the names of the estimators of similarity. Items are layers, parts and kinds of mistakes.
L2_DISTANCE, MISTAKES = "l2 distance", "mistakes"
WHOLE = "whole"  # all parts of a network together, as `repdrift.networks.distances` names them
SHARED = "shared"  # the mistakes that both networks make, as a share of those that either makes

# Measures of the networks on a line, and the two ways in which these get statistics of batch normalisation.
TEST_ACCURACY, TEST_LOSS, BARRIER_HEIGHT = "test accuracy", "test loss", "barrier"
RE_ESTIMATED, INTERPOLATED = "re-estimated", "interpolated"

# Measures of a network with a changed part, and the two paths that the part is moved along.
REWOUND_ACCURACY, TRAINING_LOSS, PART_CRITICALITY = "rewound test accuracy", "training loss", "criticality"
DIRECT, OPTIMISATION = "direct", "optimisation"
NO_PART = "none"
