"""Random numbers that are the same on every machine.

Every number is a hash of the place where it is used: the data set, the split, the image and the number of the draw. No
state has to be seeded. No number depends on how many images are made, or on their order.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Integers = NDArray[np.int64]
Bits = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST_FACTOR = np.uint64(0xBF58476D1CE4E5B9)
_SECOND_FACTOR = np.uint64(0x94D049BB133111EB)


def scramble(values: Bits) -> Bits:
    """Hash each 64-bit integer by the output function of SplitMix64 (Steele, Lea and Flood, 2014)."""
    mixed = (values ^ (values >> np.uint64(30))) * _FIRST_FACTOR
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND_FACTOR
    return mixed ^ (mixed >> np.uint64(31))


def keys(purpose: str, positions: Integers) -> Bits:
    """Return a key for each position in the stream that `purpose` names."""
    start = np.frombuffer(hashlib.sha256(purpose.encode()).digest()[:8], dtype="<u8").astype(np.uint64)
    return scramble(start + (positions.astype(np.uint64) + np.uint64(1)) * _STEP)


def shuffled_labels(purpose: str, positions: Integers) -> Integers:
    """Return a label 0..9 for each position. A block of ten positions has every label once, in an order of its own."""
    blocks = positions // 10
    members = blocks[:, None] * 10 + np.arange(10)
    orders = np.argsort(keys(purpose, members.reshape(-1)).reshape(members.shape), axis=1, kind="stable")
    return orders[np.arange(len(positions)), positions % 10].astype(np.int64)


class Stream:
    """The random draws of a batch of images, with one row for each image.

    Rows do not influence each other. The draws of a row are numbered in the order of the calls, so a painter must make
    the same calls whatever values it draws.
    """

    def __init__(self, purpose: str, positions: Integers) -> None:
        self._keys = keys(purpose, positions)
        self._drawn = 0

    def __len__(self) -> int:
        return len(self._keys)

    def bits(self, *shape: int) -> Bits:
        """Draw uniform 64-bit integers, shape [images, *shape]."""
        size = 1
        for length in shape:
            size *= length
        numbers = np.arange(self._drawn + 1, self._drawn + size + 1, dtype=np.uint64)
        self._drawn += size
        return scramble(self._keys[:, None] + numbers * _STEP).reshape(len(self), *shape)

    def uniform(self, low: float, high: float, *shape: int) -> Field:
        """Draw floats in [low, high), shape [images, *shape]. Each has 24 random bits, which float32 holds exactly."""
        unit = (self.bits(*shape) >> np.uint64(40)).astype(np.float32) * np.float32(1 / (1 << 24))
        return np.float32(low) + unit * np.float32(high - low)

    def integers(self, limit: int | Integers) -> Integers:
        """Draw one integer in 0..limit-1 for each image; `limit` may differ between images."""
        return (((self.bits() >> np.uint64(32)) * np.asarray(limit, dtype=np.uint64)) >> np.uint64(32)).astype(np.int64)

    def chance(self, probability: float) -> NDArray[np.bool_]:
        """Draw True with the given probability, for each image."""
        return self.uniform(0.0, 1.0) < np.float32(probability)
