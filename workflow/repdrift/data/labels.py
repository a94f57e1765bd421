"""Partially random and shifted labels (Goerttler & Obermayer 2022, section 3.1, equations 1 to 3)."""

import numpy as np
from numpy.typing import NDArray

from repdrift.errors import UserError
from repdrift.seeds import seed_for

Labels = NDArray[np.int64]


def random_labels(labels: Labels, degree: int, classes: int, generator: np.random.Generator) -> Labels:
    """Partially random labels ``y_d = (y + Y) mod D``, Y uniform on 0..d (equations 1 and 2).

    Parameters
    ----------
    labels : int64 [N]
        True labels in 0..D-1.
    degree : int
        Degree of randomness d in 0..D-1: 0 keeps every label, D-1 leaves nothing of it.
    classes : int
        Number of classes D.
    generator : numpy.random.Generator
        Draws one Y an image in order, so that the labels of the first N images do not depend on how many follow.

    Raises
    ------
    UserError
        If the degree is outside 0..D-1.
    """
    if not 0 <= degree < classes:
        raise UserError(f"random degree {degree}: allowed are 0 to {classes - 1}, for {classes} classes")
    noise = generator.integers(0, degree + 1, size=labels.shape, dtype=np.int64)
    return (labels + noise) % classes


def shifted_labels(labels: Labels, shift: int, classes: int) -> Labels:
    """Shifted labels ``y_s = (y + s) mod D`` (equation 3): int64 [N] to int64 [N], s in 1..D-1.

    Raises
    ------
    UserError
        If the shift is outside 1..D-1.
    """
    if not 1 <= shift < classes:
        raise UserError(f"shift {shift}: allowed are 1 to {classes - 1}, for {classes} classes")
    return (labels + shift) % classes


def transform_labels(labels: Labels, transform: dict[str, int], classes: int, seed: int, subject: str) -> Labels:
    """Apply a task's label transform: ``{"random": d}`` or ``{"shift": s}``.

    `subject` names the images (data set, split, first image): the noise of each has a generator of its own, and that
    of a smaller training set is the beginning of that of a larger one.
    """
    if "shift" in transform:
        return shifted_labels(labels, transform["shift"], classes)
    generator = np.random.Generator(np.random.PCG64(seed_for("label noise", seed, subject)))
    return random_labels(labels, transform["random"], classes, generator)
