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


# By experiment. The hashes are those of the claims on the study of config.yaml, for networks of different sizes on the
# study of the preset networks, and for precisions on that of the preset precision.
FROZEN = {
    "drift": Frozen("c319e74238a9", "2026-11-25"),
    "transfer": Frozen("9d092884735b", "2026-11-25"),
    "transferability": Frozen("70aa9b6ab00d", "2026-11-25"),
    "head2toe": Frozen("92e21dc4d92e", "2026-11-25"),
    "movement": Frozen("9f27bd19a664", "2026-11-26"),
    "decodability": Frozen("1753a4eb7782", "2026-11-26"),
    "grounding": Frozen("55f1081d166c", "2026-11-26"),
    "networks": Frozen("19147976620d", "2026-11-26"),
    "precision": Frozen("59b41aefb184", "2026-11-26"),
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
