"""The tables of this experiment: which columns identify a number, and the names of what is measured."""

import re

from repdrift.claims.contrasts import Table

LAYERS = Table("transferability_layers", ("run", "reference", "measure", "item"))
REGRESSION = Table("transferability_gap", ("series", "measure", "item"))

# The columns of the first table that tell what a network was trained on, see `Trained`.
TRAINED = ("run", "labels", "network", "groups", "size", "classes", "steps")
TUNED, TRUE_LABELS = "fine-tuned", "true labels"
EPOCHS, STEPS = "epochs", "steps"  # the groups of trainings on fewer images, with equal epochs and with equal steps

# The items in addition to the convolutions.
OVERALL, HEAD = "overall", "head"
# The measures: T by the paper's distance and by the Euclidean distance, the prefix of their logarithms, the two
# distances, how far a layer moved from the pre-trained weights, and the domain of a target (its items: gap and width).
T, T_BY_L2, LN = "T", "T by l2", "ln "
DISTANCE, L2_DISTANCE, MOVEMENT, DOMAIN = "distance", "l2 distance", "movement", "domain"
GAP, WIDTH = "gap", "width"

COEFFICIENT, COEFFICIENT_OF_MEANS = "coefficient", "coefficient of means"
LN_N = "ln N"  # a predictor, as gap and width are
AS_IN_THE_PAPER = "true labels, equal epochs"


def as_in_the_paper(labels: str, groups: str) -> bool:
    """Return whether a fine-tuning has true labels and the usual number of epochs, as those in the paper have."""
    return labels == TRUE_LABELS and groups != STEPS


def weights_before(layer: str) -> str:
    """Return the item of the weights that end in a layer: ``conv1`` for pool1 of conv4, and the head for the logits."""
    return HEAD if layer == "logits" else re.sub(r"^pool(?=\d+$)", "conv", layer)
