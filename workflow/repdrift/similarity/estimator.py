"""What an estimator of similarity offers, and the checks and first steps that estimators share."""

from typing import Protocol, TypeVar

import torch
from torch import Tensor

from repdrift.errors import UserError

MINIMUM_IMAGES = 4  # the unbiased HSIC divides by n - 3
ROUNDING = 1e-12  # of the largest value: what is smaller, or closer together, is rounding and not data

State = TypeVar("State")


class Estimator(Protocol[State]):
    """Similarity of two representations of the same n images, in three steps that share their work.

    A state is all that one representation contributes: it is prepared once and serves all comparisons of that
    representation, permuted ones too.
    """

    def prepare(self, x: Tensor) -> State:
        """Do all the work that a representation [n, p] needs alone; UserError if it has no similarity."""
        ...

    def compare(self, a: State, b: State) -> float:
        """Similarity of two prepared representations; UserError if their numbers of images differ."""
        ...

    def permute(self, state: State, order: Tensor) -> State:
        """State of x[order], `order` int64 [n] a permutation of the images, without preparing it again."""
        ...


def check(x: Tensor, name: str = "representation") -> None:
    """Refuse what has no similarity to anything.

    Raises
    ------
    UserError
        If x is not [n, p] with n >= 4, a value is not finite, or no column varies over the images.
    """
    if x.ndim != 2 or len(x) < MINIMUM_IMAGES:
        raise UserError(f"{name}: shape {tuple(x.shape)}; needed is [n, p] with at least {MINIMUM_IMAGES} images")
    if not torch.isfinite(torch.stack(torch.aminmax(x))).all():
        raise UserError(f"{name} has values that are not finite")
    # Two images that differ settle it; only if the first two do not are all of them read.
    if bool((x[1] == x[0]).all()) and bool((x == x[0]).all()):
        raise UserError(f"{name} is the same for all images: its similarity to anything is undefined")


def check_same_images(a: int, b: int) -> None:
    """Refuse two representations of different numbers of images."""
    if a != b:
        raise UserError(f"representations of {a} and {b} images: both must be of the same images")


def centred(x: Tensor) -> Tensor:
    """Give a representation [n, p] in float64, its columns centred."""
    x = x.double()
    return x - x.mean(dim=0)


def squared_distances(x: Tensor) -> Tensor:
    """Squared Euclidean distances float64 [n, n] of the images of a representation [n, p]; the diagonal is 0.

    They come from the Gram matrix of the centred features, at the speed of a matrix product.
    """
    x = centred(x)
    lengths = x.square().sum(dim=1)
    squared = lengths[:, None] + lengths[None, :] - 2 * (x @ x.T)
    # Equal images have a distance of 0, which rounding may have made negative.
    return squared.clamp_(min=0).fill_diagonal_(0)


def without_rounding(values: Tensor, scale: float) -> Tensor:
    """Round values to whole numbers of ROUNDING * scale: equal ones that differ by rounding are tied again."""
    return torch.round(values / (ROUNDING * scale))
