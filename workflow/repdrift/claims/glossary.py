"""The meaning of the abbreviations in the sentences of claims and in the labels of contrasts."""

import re
from collections.abc import Iterable

MEANINGS = {
    "CKA": "centred kernel alignment, a similarity of two representations that is 1 if they are alike",
    "P": "the pre-trained network",
    "P-T": "a network that is trained on the target from pre-trained weights",
    "RI-T": "a network that is trained on the target from random initial weights",
    "RI": "a network with random initial weights",
    "T": "how far fine-tuned weights are from the initial ones, divided by how far they are from the pre-trained ones",
    "d": "the randomness of labels: a label is the true one plus a random shift of 0 to d",
    "N": "the number of training images",
    "ln ratio": "the logarithm of a ratio",
    "points": "percentage points of accuracy",
    "nats": "the unit of the loss",
}


def glossary(texts: Iterable[str]) -> dict[str, str]:
    """Return the abbreviations that stand in some texts with their meanings, in the order of `MEANINGS`."""
    whole = " ".join(texts)
    # A word ends before a letter, a digit or a hyphen: P-T has no P in it.
    return {word: meaning for word, meaning in MEANINGS.items() if re.search(rf"(?<![\w-]){word}(?![\w-])", whole)}
