"""The table of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

MOVEMENT = Table("movement", ("run", "path", "at", "measure", "item"))
# The columns that tell which training a number is of.
TRAINED = ("run", "probe", "labels", "seed")

# The paths along which the weights move away from the start. On the first, all parts move by the relative size `at`. On
# the second, the change by training is added up to the share `at`.
EQUAL, TRAINING = "equal", "training"
DONE = 1.0  # the share at which the change by training is complete

# Measures of the change by training, whose items are the parts and the whole network. They have no path. Along a path,
# the measures are the names of the estimators, whose values are similarities to the start, and the items are layers.
SIZE, LN_SIZE = "relative size", "ln relative size"
WHOLE = "whole"  # the name in `repdrift.networks.distances`, which needs torch
