"""Linear CKA (Kornblith et al. 2019), biased, and debiased with the unbiased HSIC of Song et al. (2012).

Both are the cosine of two Gram matrices that were centred in their own way, so a Gram is computed and centred once and
serves every comparison. Features are centred before the Gram is formed, in float64: centring the Gram of a layer with
a large mean (after a ReLU) would cancel catastrophically.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from repdrift.errors import UserError

MINIMUM_IMAGES = 4  # the unbiased HSIC divides by n - 3


def double_centred(gram: Tensor) -> Tensor:
    """Give H K H, H = I - 11'/n. The features were centred, so the Gram [n, n] has it already."""
    return gram


def unbiased_centred(gram: Tensor) -> Tensor:
    """U-centred Gram [n, n]: two of them multiplied and summed are n (n - 3) times Song et al.'s HSIC (eq. 5)."""
    n = len(gram)
    hollow = gram.clone().fill_diagonal_(0)
    sums = hollow.sum(dim=0)
    centred = hollow - sums[:, None] / (n - 2) - sums[None, :] / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    return centred.fill_diagonal_(0)


ESTIMATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "cka-biased": double_centred,
    "cka-debiased": unbiased_centred,
}


def gram_of(x: Tensor, name: str = "representation") -> Tensor:
    """Gram matrix float64 [n, n] of a representation [n, p] whose columns are centred first.

    Raises
    ------
    UserError
        If n < 4, a value is not finite, or no column varies over the images.
    """
    if x.ndim != 2 or len(x) < MINIMUM_IMAGES:
        raise UserError(f"{name}: shape {tuple(x.shape)}; needed is [n, p] with at least {MINIMUM_IMAGES} images")
    if not torch.isfinite(x).all():
        raise UserError(f"{name} has values that are not finite")
    if bool((x == x[0]).all()):
        raise UserError(f"{name} is the same for all images: its similarity to anything is undefined")
    x = x.double()
    x = x - x.mean(dim=0)
    return x @ x.T


def centred_grams(x: Tensor, estimators: Sequence[str], name: str = "representation") -> dict[str, Tensor]:
    """Centred Gram matrices float64 [n, n] of a representation [n, p], one for each estimator."""
    gram = gram_of(x, name)
    return {estimator: ESTIMATORS[estimator](gram) for estimator in estimators}


def cosine(a: Tensor, b: Tensor) -> float:
    """Cosine of two matrices of equal shape: CKA, if they are centred Grams. No epsilon, no clamp."""
    return (a * b).sum().item() / math.sqrt((a * a).sum().item() * (b * b).sum().item())


def linear_cka(x: Tensor, y: Tensor, *, estimator: str = "debiased") -> float:
    """Linear CKA of two representations of the same n images.

    Parameters
    ----------
    x, y : Tensor [n, p], [n, q]
        One row an image, in the same order.
    estimator : str
        ``biased`` (HSIC with H K H; in 0..1, and p / (p + n - 1) for white noise of p units) or ``debiased`` (Song et
        al. 2012; about 0 for noise, and it can be negative).

    Raises
    ------
    UserError
        If the numbers of images differ, n < 4, a value is not finite, a layer is constant, or the estimator unknown.
    """
    name = f"cka-{estimator}"
    if name not in ESTIMATORS:
        raise UserError(f"estimator {estimator!r}: allowed are biased, debiased")
    if len(x) != len(y):
        raise UserError(f"representations of {len(x)} and {len(y)} images: both must be of the same images")
    a, b = (centred_grams(side, [name])[name] for side in (x, y))
    return cosine(a, b)
