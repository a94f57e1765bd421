"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

RATES = Table("transfer_rates", ("dataset", "side", "network", "measure", "rate"))
SIMILARITY = Table("transfer_similarity", ("dataset", "pair", "measure", "item"))
BARRIER = Table("transfer_barrier", ("dataset", "pair", "bn", "measure", "at"))
CRITICALITY = Table("transfer_criticality", ("dataset", "network", "part", "path", "measure", "at", "noise"))

# Measures of trainings. The tuned ones are those at the learning rate that is chosen on other images. The fastest speed
# is that at the learning rate with the highest training accuracy.
TEST_ACCURACY, SPEED = "test accuracy", "training accuracy"
TUNED_ACCURACY, TUNED_SPEED = "tuned test accuracy", "tuned training accuracy"
FASTEST = "fastest training accuracy"
CHOSEN = "chosen"  # the share of the choices that fall on a learning rate

# Measures of pairs, beside the names of the estimators of similarity. Items are layers, parts and kinds of mistakes.
# Distances are natural logarithms, so that contrasts of them are ratios of distances.
L2, RMS, RELATIVE = "ln l2 distance", "ln rms distance", "ln relative distance"
DISTANCES = (L2, RMS, RELATIVE)
HEAD = "head"
WHOLE, ALL_BLOCKS = "whole", "all blocks"  # all parts of a network together, with the head and without it
MISTAKES = "mistakes"
KAPPA, SHARED = "kappa", "shared"  # Cohen's kappa, and the mistakes that both make as a percentage of those of either
# The share of ambiguous images among those that only P-T, or only RI-T, gets wrong.
AMBIGUITY = "ambiguous"
ONLY_PRETRAINED, ONLY_RANDOM = "only P-T wrong", "only RI-T wrong"

# Measures of the networks on a line, and the two ways in which these get statistics of batch normalisation.
TEST_LOSS, BARRIER_HEIGHT = "test loss", "barrier"
RE_ESTIMATED, INTERPOLATED = "re-estimated", "interpolated"

# Measures of a network with a changed part, and the two paths that the part is moved along.
REWOUND_ACCURACY, TRAINING_LOSS, PART_CRITICALITY = "rewound test accuracy", "training loss", "criticality"
DIRECT, OPTIMISATION = "direct", "optimisation"
NO_PART = "none"
