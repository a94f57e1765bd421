"""Linear CKA (Kornblith et al. 2019): biased, or debiased by the unbiased HSIC of Song et al. (2012)."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import centred, check, check_same_images
from repdrift.similarity.pairs import CosineOfPairs, gram, of_norm_1
from repdrift.similarity.products import Products, inner_products


def linear_cka(x: Tensor, y: Tensor, *, estimator: str = "debiased") -> float:
    """Return the linear CKA of two representations of the same n images.

    Parameters
    ----------
    x, y : Tensor [n, p], [n, q]
        One row for each image, in the same order.
    estimator : str
        ``biased`` takes HSIC from centred Gram matrices H K H. It is in 0..1, and about p / (p + n - 1) for white noise
        of p units. ``debiased`` takes the HSIC of Song et al. (2012). It is about 0 for noise and can be negative.

    Raises
    ------
    UserError
        If the numbers of images differ, if there are fewer than 4, if a value is not finite, if a representation is the
        same for all images, or if the estimator is unknown.
    """
    return linear_cka_matrix([x, y], estimator=estimator)[0, 1].item()


def linear_cka_matrix(representations: Sequence[Tensor], *, estimator: str = "debiased") -> Tensor:
    """Return the linear CKA of every representation with every other: float64 [m, m].

    Each Gram matrix is computed once, block by block, and used in all m comparisons. So give all representations to be
    compared in one call: one layer of many networks, for example, or all their layers.

    The computation is on the device of the representations. It is in float64 if one of them is float64, and otherwise
    in float32 with sums in float64.

    Parameters
    ----------
    representations : sequence of Tensor [n, p_a]
        One row for each image, in the same order.
    estimator : str
        ``biased`` or ``debiased``, see `linear_cka`.

    Raises
    ------
    UserError
        As `linear_cka` does.
    """
    if estimator not in LINEAR:
        raise UserError(f"estimator {estimator!r}: allowed are {', '.join(LINEAR)}")
    return _normalised(_products(representations), estimator)


def linear_cka_matrices(representations: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return `linear_cka_matrix` by every estimator of `LINEAR`, at the cost of one of them."""
    products = _products(representations)
    return {estimator: _normalised(products, estimator) for estimator in LINEAR}


def _products(representations: Sequence[Tensor]) -> Products:
    for x in representations:
        check_same_images(len(representations[0]), len(x))
    return inner_products(representations)


def _normalised(products: Products, estimator: str) -> Tensor:
    """Return the CKA of all pairs. No epsilon is added, and no value is clamped."""
    hsic = LINEAR[estimator](products)
    of_itself = hsic.diagonal()
    # A smaller value is the rounding error of a value of 0.
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
    """Return the biased HSIC <H K H, H L H> (Gretton et al. 2005), times (n - 1)^2: float64 [m, m]."""
    return products.inner


def unbiased(products: Products) -> Tensor:
    """Return the unbiased HSIC of Song et al. (2012, equation 5), times n (n - 3): float64 [m, m].

    The Gram matrices are centred, so a row without its diagonal entry sums to minus that entry. All three terms of the
    equation therefore follow from the inner products and the diagonals.
    """
    n = products.diagonals.shape[1]
    overlap = products.diagonals @ products.diagonals.T
    traces = products.diagonals.sum(dim=1)
    sums = traces[:, None] * traces[None, :] / ((n - 1) * (n - 2))
    return products.inner - overlap + sums - 2 / (n - 2) * overlap


LINEAR = {"biased": biased, "debiased": unbiased}


@dataclass(frozen=True)
class LinearCka(CosineOfPairs):
    """Linear CKA that keeps the whole centred Gram matrix as its state, for permutations and a few thousand images."""

    debiased: bool = False

    def prepare(self, x: Tensor) -> Tensor:
        """Return the centred Gram matrix, divided by its norm. The debiased estimator leaves out its diagonal."""
        check(x)
        values = gram(centred(x))
        return of_norm_1(unbiased_centred(values) if self.debiased else values, values.max().item(), "HSIC with itself")


def unbiased_centred(gram: Tensor) -> Tensor:
    """Return the U-centred Gram matrix [n, n], whose diagonal is 0.

    The inner product of two such matrices is n (n - 3) times the HSIC of Song et al. (2012, equation 5).
    """
    n = len(gram)
    hollow = gram.clone().fill_diagonal_(0)
    sums = hollow.sum(dim=0)
    centred = hollow - sums[:, None] / (n - 2) - sums[None, :] / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    return centred.fill_diagonal_(0)
