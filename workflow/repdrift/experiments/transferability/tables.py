"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

from repdrift.claims.contrasts import Table

LAYERS = Table("transferability_layers", ("run", "reference", "measure", "item"))
REGRESSION = Table("transferability_gap", ("series", "measure", "item"))

# The columns of the first table that tell what a network was trained on, see `Trained`.
TRAINED = ("run", "labels", "network", "groups", "size", "classes", "steps")
TUNED = "fine-tuned"

# The items in addition to the convolutions.
OVERALL, HEAD = "overall", "head"
# The measures: T by the paper's distance and by the Euclidean distance, the prefix of their logarithms, the two
# distances, how far a layer moved from the pre-trained weights, and the domain of a target (its items: gap and width).
T, T_BY_L2, LN = "T", "T by l2", "ln "
DISTANCE, L2_DISTANCE, MOVEMENT, DOMAIN = "distance", "l2 distance", "movement", "domain"
GAP, WIDTH = "gap", "width"
LEAD, RISE = "lead", "rise"  # items of the logarithms that describe their shape over the layers, see `measure`

COEFFICIENT, COEFFICIENT_OF_MEANS = "coefficient", "coefficient of means"
AS_IN_THE_PAPER = "true labels, equal epochs"
