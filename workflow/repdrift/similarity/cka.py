"""Linear CKA (Kornblith et al. 2019), biased, and debiased with the unbiased HSIC of Song et al. (2012)."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import centred, check, check_same_images
from repdrift.similarity.pairs import CosineOfPairs, gram, of_norm_1
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
    if estimator not in LINEAR:
        raise UserError(f"estimator {estimator!r}: allowed are {', '.join(LINEAR)}")
    return _normalised(_products(representations), estimator)


def linear_cka_matrices(representations: Sequence[Tensor]) -> dict[str, Tensor]:
    """Linear CKA by every estimator of `LINEAR`, as `linear_cka_matrix`, at the cost of one of them."""
    products = _products(representations)
    return {estimator: _normalised(products, estimator) for estimator in LINEAR}


def _products(representations: Sequence[Tensor]) -> Products:
    for x in representations:
        check_same_images(len(representations[0]), len(x))
    return inner_products(representations)


def _normalised(products: Products, estimator: str) -> Tensor:
    """CKA of all pairs. No epsilon, no clamp."""
    hsic = LINEAR[estimator](products)
    of_itself = hsic.diagonal()
    # What is less than this is what rounding leaves of 0.
    least = 10 * products.epsilon * products.inner.diagonal()
    undefined = ~((of_itself > least) & of_itself.isfinite())
    if bool(undefined.any()):
        raise UserError(
            f"representation {int(undefined.nonzero()[0]) + 1} has an HSIC with itself of "
            f"{of_itself[undefined][0].item():.2g}: its similarity to anything is undefined (its images may be equally "
            "far from each other, or its values too small or too large for their precision)"
        )
    scale = of_itself.sqrt()
    return hsic / (scale[:, None] * scale[None, :])


def biased(products: Products) -> Tensor:
    """HSIC of centred Grams, <H K H, H L H> (Gretton et al. 2005), times (n - 1)^2: float64 [m, m]."""
    return products.inner


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


LINEAR = {"biased": biased, "debiased": unbiased}


@dataclass(frozen=True)
class LinearCka(CosineOfPairs):
    """Linear CKA with the whole centred Gram as state: for permutations, and n of a few thousand."""

    debiased: bool = False

    def prepare(self, x: Tensor) -> Tensor:
        """Centred Gram, for the debiased estimator without its diagonal; of norm 1."""
        check(x)
        values = gram(centred(x))
        return of_norm_1(unbiased_centred(values) if self.debiased else values, values.max().item(), "HSIC with itself")


def unbiased_centred(gram: Tensor) -> Tensor:
    """U-centred Gram [n, n]: two of them multiplied and summed are n (n - 3) times Song et al.'s HSIC (eq. 5)."""
    n = len(gram)
    hollow = gram.clone().fill_diagonal_(0)
    sums = hollow.sum(dim=0)
    centred = hollow - sums[:, None] / (n - 2) - sums[None, :] / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    return centred.fill_diagonal_(0)
