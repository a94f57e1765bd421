"""What is computed from the accuracies and the predictions of linear probes."""

import math

from torch import Tensor

LEAST_ADVANTAGE = 0.02  # of the pre-trained network over the initial one, so that a share of it has a meaning


def above_chance(accuracy: float, chance: float) -> float:
    """Return an accuracy in 0..1 on a scale on which chance is 0 and a perfect probe is 1; NaN if chance is 1.

    Chance is the accuracy of the best constant answer, see `repdrift.data.numbering.chance_level`.
    """
    return (accuracy - chance) / (1 - chance) if chance < 1 else math.nan


def share_left(tuned: float, initial: float, pretrained: float) -> float:
    """Return the share of the pre-trained advantage that is left after fine-tuning.

    The arguments are the accuracies in 0..1 of probes of a layer for the source's labels. The share is 1 if fine-tuning
    changes nothing, 0 if the fine-tuned network is as good as the initial one, and below 0 if it is worse. It is NaN if
    the pre-trained and the initial network differ by less than .02, because it would be a quotient of noise.
    """
    advantage = pretrained - initial
    return (tuned - initial) / advantage if abs(advantage) >= LEAST_ADVANTAGE else math.nan


def disagreement(first: Tensor, second: Tensor) -> float:
    """Return the share of the images on which two probes predict different classes, given predictions int64 [n]."""
    return (first != second).double().mean().item()
