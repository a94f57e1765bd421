"""The choice of a learning rate on images that are not those on which the chosen training is then measured."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tuned:
    """What is measured at the chosen learning rates: means over the two choices.

    Attributes
    ----------
    choices : tuple of int
        The places of the chosen learning rates, one for each half of the images that is chosen on.
    accuracy : float
        The test accuracy in percent, each on the half that was not chosen on.
    speed : float
        The mean training accuracy of the first epochs in percent.
    """

    choices: tuple[int, int]
    accuracy: float
    speed: float


def tuned(one_half: Sequence[float], other_half: Sequence[float], speeds: Sequence[float]) -> Tuned:
    """Choose the learning rate with the highest accuracy on one half of the test images, and measure it on the other.

    This is done both ways. Of equal accuracies, the first is chosen.

    Parameters
    ----------
    one_half, other_half : sequences of float
        The accuracies in percent at each learning rate, on either half of the images.
    speeds : sequence of float
        The mean training accuracy of the first epochs at each learning rate.
    """
    choices = (one_half.index(max(one_half)), other_half.index(max(other_half)))
    accuracy = (other_half[choices[0]] + one_half[choices[1]]) / 2
    return Tuned(choices, accuracy, sum(speeds[choice] for choice in choices) / 2)
