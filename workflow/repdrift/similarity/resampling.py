"""Sampling error over probe images, from random halves of them, which need no new forward pass."""

from typing import TypeVar

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import MINIMUM_IMAGES, Estimator, check_same_images
from repdrift.similarity.gram import Representation

State = TypeVar("State")

HALVES = 200  # 100 pairs, so that a variance has a relative error of 14 %


def half_samples(images: int, count: int = HALVES, seed: int = 0) -> Tensor:
    """Draw random halves of n images, without replacement: bool [n, count], a column for each half.

    Columns 2 r and 2 r + 1 are a half and its complement. If n is odd, one image is in neither of the two. A last half
    of an odd count has no partner.

    The variance of a statistic over the halves estimates the variance of the statistic of all n images over new draws
    of the images. The mean of a random half without replacement has the variance s^2 (1 / (n / 2) - 1 / n) = s^2 / n,
    which is that of the mean of n independent images, and any smooth statistic is nearly a mean. This is the jackknife
    that deletes n / 2 images (Shao and Wu 1989). Unlike a bootstrap sample, a half has no image twice; two equal images
    would inflate the Gram matrices.

    Raises
    ------
    UserError
        If the count is less than 1, or half of the images are fewer than 4.
    """
    size = images // 2
    if count < 1 or size < MINIMUM_IMAGES:
        raise UserError(
            f"{count} halves of {images} images: at least 1 half and {2 * MINIMUM_IMAGES} images are needed"
        )
    generator = torch.Generator().manual_seed(seed)
    halves = torch.zeros(images, count, dtype=torch.bool)
    for first in range(0, count, 2):
        order = torch.randperm(images, generator=generator)
        halves[order[:size], first] = True
        if first + 1 < count:
            halves[order[-size:], first + 1] = True
    return halves


def resampled(
    estimator: Estimator[State],
    x: Representation,
    y: Representation,
    samples: Tensor,
    states: tuple[State, State] | None = None,
) -> Tensor:
    """Return the similarity of two representations of each sample of the images, float64 [R].

    Linear CKA computes the similarities of all samples at once, from the Gram matrices of all images. Every other
    estimator prepares and compares the rows of each sample.

    Parameters
    ----------
    estimator : Estimator
    x, y : Tensor or Gram [n, p], [n, q]
        The representations of all images.
    samples : bool Tensor [n, R]
        Whether an image is in a sample, see `half_samples`.
    states : (State, State), optional
        What the estimator prepared of x and y. It is prepared again only if it is needed and not given.

    Raises
    ------
    UserError
        If the numbers of images differ, or the similarity of a sample is undefined.
    """
    check_same_images(len(x), len(y))
    check_same_images(len(x), len(samples))
    return estimator.resample(x, y, samples, states)
