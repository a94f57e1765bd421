"""Partially random and shifted labels (Goerttler & Obermayer 2022, section 3.1, equations 1 to 3)."""

import numpy as np
from numpy.typing import NDArray

from repdrift.errors import UserError
from repdrift.seeds import seed_for

Labels = NDArray[np.int64]


def random_labels(labels: Labels, degree: int, classes: int, generator: np.random.Generator) -> Labels:
    """Return partially random labels ``y_d = (y + Y) mod D``, where Y is uniform on 0..d (equations 1 and 2).

    Parameters
    ----------
    labels : int64 [N]
        True labels in 0..D-1.
    degree : int
        Degree of randomness d in 0..D-1. With 0, all labels stay as they are. With D-1, they are independent of the
        true labels.
    classes : int
        Number of classes D.
    generator : numpy.random.Generator
        It draws one Y for each image, in order. The labels of the first N images therefore do not depend on how many
        images follow.

    Returns
    -------
    int64 [N]

    Raises
    ------
    UserError
        If the degree is outside 0..D-1.
    """
    if not 0 <= degree < classes:
        raise UserError(f"random degree {degree}: use 0 to {classes - 1}, for {classes} classes")
    noise = generator.integers(0, degree + 1, size=labels.shape, dtype=np.int64)
    return (labels + noise) % classes


def shifted_labels(labels: Labels, shift: int, classes: int) -> Labels:
    """Return shifted labels ``y_s = (y + s) mod D`` (equation 3).

    Parameters
    ----------
    labels : int64 [N]
        True labels in 0..D-1.
    shift : int
        Shift s in 1..D-1.
    classes : int
        Number of classes D.

    Returns
    -------
    int64 [N]

    Raises
    ------
    UserError
        If the shift is outside 1..D-1.
    """
    if not 1 <= shift < classes:
        raise UserError(f"shift {shift}: use 1 to {classes - 1}, for {classes} classes")
    return (labels + shift) % classes


def transform_labels(labels: Labels, transform: dict[str, int], classes: int, seed: int, subject: str) -> Labels:
    """Return the labels of a task, given the true labels.

    Parameters
    ----------
    labels : int64 [N]
        True labels in 0..D-1.
    transform : dict
        The label transform of the task: ``{"random": d}`` or ``{"shift": s}``.
    classes : int
        Number of classes D.
    seed : int
        Seed of the run.
    subject : str
        Name of the images: data set, split and number of the first image. Label noise has one generator for each
        subject, so the noise of a smaller training set is the beginning of the noise of a larger one.

    Returns
    -------
    int64 [N]

    Raises
    ------
    UserError
        If the degree or the shift is out of range.
    """
    if "shift" in transform:
        return shifted_labels(labels, transform["shift"], classes)
    generator = np.random.Generator(np.random.PCG64(seed_for("label noise", seed, subject)))
    return random_labels(labels, transform["random"], classes, generator)
