"""The frozen encodings of claims: the hash of each paper's encodings, and the date on which they were frozen.

An encoding is everything that turns the sentence of a paper into a verdict: its contrasts with their weights, margins
and thresholds, and what the sentence needs of them. A change after the results are known could be made to fit them. So
the encodings are frozen first, and then judged on seeds that nobody has run before. A test compares the hashes.

The Snakefile imports this module, so it needs nothing heavy.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from repdrift.canonical import canonical
from repdrift.claims.contrasts import Claim, Contrast
from repdrift.claims.rule import NUMBERS


@dataclass(frozen=True)
class Frozen:
    """The hash of the encodings of a paper's claims, and the date on which they were frozen."""

    hash: str
    date: str

    @property
    def words(self) -> str:
        return f"{self.hash} ({self.date})"


# By experiment. The hashes are those of the claims on the study of config.yaml.
FROZEN = {
    "drift": Frozen("", ""),
    "transfer": Frozen("", ""),
    "transferability": Frozen("", ""),
    "head2toe": Frozen("", ""),
}


def hash_of(claims: Sequence[Claim]) -> str:
    """Return the first 12 digits of the SHA-256 of some encodings and of the numbers in the rule that judges them.

    Words do not count, so that sentences and labels can be made plainer.
    """
    encodings = [
        (claim.name, claim.needs, claim.origin, [_numbers(one) for one in claim.contrasts]) for claim in claims
    ]
    return hashlib.sha256(canonical([NUMBERS, encodings]).encode()).hexdigest()[:12]


def _numbers(contrast: Contrast) -> dict[str, object]:
    """Return a contrast without its words."""
    return {name: value for name, value in vars(contrast).items() if name not in ("label", "layer")}
