"""The table of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

# The column `labels` says which labels a probe is fitted to, and `part` says on which images it is tested.
PROBES = Table("decodability", ("dataset", "network", "reference", "layer", "labels", "part", "measure"))
SERIES = "series"  # a column more: the name of the network in figures
COLUMNS = (*PROBES.written[:-1], SERIES, PROBES.written[-1])

INITIAL, PRETRAINED = "init", "pretrained"  # the networks that fine-tuned ones are compared with
# The true labels of the source and of the target, and the other labels that a network was fine-tuned on.
SOURCE, TARGET, TRAINED = "source", "target", "trained"
FITTED, HELD_OUT = "fitted", "held out"

# Measures of a network: accuracies in percent, the same above chance in 0..1, and the share of the pre-trained
# advantage that is left. Measures of a network and a reference: kappa in -1..1, and disagreement in 0..1.
ACCURACY, ABOVE_CHANCE, LEFT = "accuracy", "chance-corrected accuracy", "share left"
KAPPA, DISAGREEMENT = "kappa", "disagreement"
