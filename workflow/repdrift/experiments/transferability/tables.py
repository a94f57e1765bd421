"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

LAYERS = Table("transferability_layers", ("run", "reference", "measure", "item"))
REGRESSION = Table("transferability_gap", ("series", "measure", "item"))

# What was trained: columns of the first table, as `Trained` has them.
TRAINED = ("run", "labels", "network", "groups", "size", "classes", "steps")
TUNED = "fine-tuned"

# Items beside the convolutions.
OVERALL, HEAD = "overall", "head"
# Measures: T by the paper's distance and by the Euclidean one, their logarithms, the distances, how far a layer moved
# from the pre-trained weights, and (with the items gap and width) the domain of a target.
T, T_BY_L2, LN = "T", "T by l2", "ln "
DISTANCE, L2_DISTANCE, MOVEMENT, DOMAIN = "distance", "l2 distance", "movement", "domain"
GAP, WIDTH = "gap", "width"
LEAD, RISE = "lead", "rise"  # items of the logarithms: shape over the layers

COEFFICIENT, COEFFICIENT_OF_MEANS = "coefficient", "coefficient of means"
AS_IN_THE_PAPER = "true labels, equal epochs"
