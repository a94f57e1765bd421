"""Linear CKA (Kornblith et al. 2019), biased, and debiased with the unbiased HSIC of Song et al. (2012)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import centred, check, check_same_images
from repdrift.similarity.products import Products, inner_products


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
    return linear_cka_matrix([x, y], estimator=estimator)[0, 1].item()


def linear_cka_matrix(representations: Sequence[Tensor], *, estimator: str = "debiased") -> Tensor:
    """Linear CKA of every representation with every other: float64 [m, m].

    Each Gram is computed once, a block at a time, and serves all m comparisons: give one layer of many models, or all
    layers of them. In float64 if one of them is, otherwise in float32 (sums always in float64), on their device.

    Parameters
    ----------
    representations : sequence of Tensor [n, p_a]
        One row an image, in the same order.
    estimator : str
        ``biased`` or ``debiased``, see `linear_cka`.

    Raises
    ------
    UserError
        As `linear_cka`.
    """
    if estimator not in ("biased", "debiased"):
        raise UserError(f"estimator {estimator!r}: allowed are biased, debiased")
    for x in representations:
        check_same_images(len(representations[0]), len(x))
    products = inner_products(representations)
    hsic = products.inner if estimator == "biased" else unbiased(products)
    scale = hsic.diagonal().sqrt()
    return hsic / (scale[:, None] * scale[None, :])


def unbiased(products: Products) -> Tensor:
    """Unbiased HSIC of Song et al. (2012, equation 5), times n (n - 3): float64 [m, m].

    The Grams are centred, so a row of one without its diagonal sums to minus the diagonal, and all three terms of the
    equation follow from the inner products and the diagonals.
    """
    n = products.diagonals.shape[1]
    overlap = products.diagonals @ products.diagonals.T
    traces = products.diagonals.sum(dim=1)
    sums = traces[:, None] * traces[None, :] / ((n - 1) * (n - 2))
    return products.inner - overlap + sums - 2 / (n - 2) * overlap


@dataclass(frozen=True)
class LinearCka:
    """Linear CKA with the whole centred Gram as state: for permutations, and n of a few thousand."""

    debiased: bool = False

    def prepare(self, x: Tensor) -> Tensor:
        check(x)
        x = centred(x)
        gram = x @ x.T
        return unbiased_centred(gram) if self.debiased else gram

    def compare(self, a: Tensor, b: Tensor) -> float:
        check_same_images(len(a), len(b))
        return cosine(a, b)

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        return state[order][:, order]


def unbiased_centred(gram: Tensor) -> Tensor:
    """U-centred Gram [n, n]: two of them multiplied and summed are n (n - 3) times Song et al.'s HSIC (eq. 5)."""
    n = len(gram)
    hollow = gram.clone().fill_diagonal_(0)
    sums = hollow.sum(dim=0)
    centred = hollow - sums[:, None] / (n - 2) - sums[None, :] / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    return centred.fill_diagonal_(0)


def cosine(a: Tensor, b: Tensor) -> float:
    """Cosine of two matrices of equal shape: CKA, if they are centred Grams. No epsilon, no clamp."""
    return (a * b).sum().item() / math.sqrt((a * a).sum().item() * (b * b).sum().item())
