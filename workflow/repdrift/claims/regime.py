"""The regime of a verdict: the networks and images that it is about, and the encodings that it was judged by.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass

EXPLORATORY, CONFIRMATORY = "exploratory", "confirmatory"


@dataclass(frozen=True)
class Regime:
    """What a verdict holds for.

    Attributes
    ----------
    network : str
        The network in words.
    images, epochs : int, optional
        Number of images and epochs of pre-training. None if somebody else has pre-trained the network.
    target_images, target_epochs : int
        Number of images and epochs of fine-tuning.
    encodings : str
        The hash of the frozen encodings of the paper's claims, and the date on which they were frozen.
    evidence : str
        ``confirmatory``, or ``exploratory`` if somebody looked at one of the seeds before that date.
    """

    network: str
    images: int | None
    epochs: int | None
    target_images: int
    target_epochs: int
    encodings: str
    evidence: str
