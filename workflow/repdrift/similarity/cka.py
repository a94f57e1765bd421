"""Linear CKA (Kornblith et al. 2019): biased, or debiased by the unbiased HSIC of Song et al. (2012)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import ROUNDING, check, check_same_images
from repdrift.similarity.gram import Representation
from repdrift.similarity.pairs import CosineOfPairs, centred_gram, of_norm_1
from repdrift.similarity.products import Products, inner_products


def linear_cka(x: Representation, y: Representation, *, estimator: str = "cka-debiased") -> float:
    """Return the linear CKA of two representations of the same n images.

    Parameters
    ----------
    x, y : Tensor or Gram [n, p], [n, q]
        One row for each image, in the same order.
    estimator : str
        ``cka-biased`` takes HSIC from centred Gram matrices H K H. It is in 0..1, and about p / (p + n - 1) for white
        noise of p units. ``cka-debiased`` takes the HSIC of Song et al. (2012). It is about 0 for noise and can be
        negative. The shorter names ``biased`` and ``debiased`` of earlier versions are taken too.

    Raises
    ------
    UserError
        If the numbers of images differ, if there are fewer than 4, if a value is not finite, if a representation is the
        same for all images, or if the estimator is unknown.
    """
    return linear_cka_matrix([x, y], estimator=estimator)[0, 1].item()


def linear_cka_matrix(representations: Sequence[Representation], *, estimator: str = "cka-debiased") -> Tensor:
    """Return the linear CKA of every representation with every other: float64 [m, m].

    Each Gram matrix is computed once, block by block, and used in all m comparisons. So give all representations to be
    compared in one call: one layer of many networks, for example, or all their layers.

    The computation is on the device of the representations. It is in float64 if one of them is float64 or a `Gram`,
    and otherwise in float32 with sums in float64.

    Parameters
    ----------
    representations : sequence of Tensor or Gram [n, p_a]
        One row for each image, in the same order.
    estimator : str
        ``cka-biased`` or ``cka-debiased``, see `linear_cka`.

    Raises
    ------
    UserError
        As `linear_cka` does.
    """
    if estimator.removeprefix(PREFIX) not in LINEAR:
        raise UserError(f"estimator {estimator!r}: use one of {', '.join(PREFIX + name for name in LINEAR)}")
    return _normalised(_products(representations), estimator.removeprefix(PREFIX))


def linear_cka_matrices(representations: Sequence[Representation]) -> dict[str, Tensor]:
    """Return `linear_cka_matrix` by every estimator of `LINEAR`, at the cost of one of them."""
    products = _products(representations)
    return {estimator: _normalised(products, estimator) for estimator in LINEAR}


def linear_cka_and_nulls(representations: Sequence[Representation]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return `linear_cka_matrix` by every estimator, each with the mean over all permutations of the images.

    The mean of the biased one is tr K tr L / ((n - 1) |K| |L|) for centred Gram matrices K and L. That of the debiased
    one is 0. See `repdrift.similarity.pairs.CosineOfPairs.null_mean`.
    """
    products = _products(representations)
    sizes = products.diagonals.sum(dim=1) / products.inner.diagonal().sqrt()
    chance = sizes[:, None] * sizes[None, :] / (products.diagonals.shape[1] - 1)
    nulls = {"biased": chance, "debiased": torch.zeros_like(chance)}
    return {estimator: (_normalised(products, estimator), nulls[estimator]) for estimator in LINEAR}


def _products(representations: Sequence[Representation]) -> Products:
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
            "far from each other, or their differences too small for the precision of the values)"
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
PREFIX = "cka-"  # of their names in the registry of all estimators


@dataclass(frozen=True)
class LinearCka(CosineOfPairs):
    """Linear CKA that keeps the whole centred Gram matrix as its state, for permutations and a few thousand images."""

    debiased: bool = False

    def prepare(self, x: Representation) -> Tensor:
        """Return the centred Gram matrix, divided by its norm. The debiased estimator leaves out its diagonal."""
        check(x)
        values = centred_gram(x)
        return of_norm_1(unbiased_centred(values) if self.debiased else values, values.max().item(), "HSIC with itself")

    def resample(
        self, x: Representation, y: Representation, samples: Tensor, states: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Return the linear CKA of each sample of the images, from the states of all images.

        A state is centred over all images and scaled. Centring it over a sample removes what the first centring added
        to the rows and columns of the sample, and the cosine does not depend on the scale. So no Gram matrix of a
        sample is made.
        """
        a, b = states or (self.prepare(x), self.prepare(y))
        chosen = samples.to(a)
        sums_a, sums_b = (chosen * (state @ chosen) for state in (a, b))
        of_a = _hsic_of_samples(a.square(), sums_a, sums_a, chosen, debiased=self.debiased)
        of_b = _hsic_of_samples(b.square(), sums_b, sums_b, chosen, debiased=self.debiased)
        for of_itself, state in ((of_a, a), (of_b, b)):
            # What is left of equal images is the rounding of what is subtracted.
            if not bool((of_itself > ROUNDING * state.square().max()).all()):
                raise UserError("HSIC with itself is 0 in a sample of images: its similarity to anything is undefined")
        return _hsic_of_samples(a * b, sums_a, sums_b, chosen, debiased=self.debiased) / (of_a * of_b).sqrt()


def _hsic_of_samples(products: Tensor, sums_k: Tensor, sums_l: Tensor, samples: Tensor, *, debiased: bool) -> Tensor:
    """Return the HSIC of two matrices K and L for each sample of the images, float64 [R].

    For a sample of m images it is, times (m - 1)^2, the biased HSIC <HKH, L> = <K, L> - 2 / m 1'KL1 + 1'K1 1'L1 / m^2
    (Gretton et al. 2005). Debiased, it is that of Song et al. (2012, equation 5), times m (m - 3), for K and L without
    their diagonals.

    Parameters
    ----------
    products : float64 Tensor [n, n]
        The products of the entries of K and L.
    sums_k, sums_l : float64 Tensor [n, R]
        Sums of the rows of K and L over the images in the sample, and 0 for an image that is not in it.
    samples : float64 Tensor [n, R]
        1 for an image in the sample, and 0 for the others.
    debiased : bool
    """
    size = samples.sum(dim=0)
    inner = (samples * (products @ samples)).sum(dim=0)
    rows = (sums_k * sums_l).sum(dim=0)
    totals = sums_k.sum(dim=0) * sums_l.sum(dim=0)
    if debiased:
        return inner - 2 / (size - 2) * rows + totals / ((size - 1) * (size - 2))
    return inner - 2 / size * rows + totals / size**2


def unbiased_centred(gram: Tensor) -> Tensor:
    """Return the U-centred Gram matrix [n, n], whose diagonal is 0.

    The inner product of two such matrices is n (n - 3) times the HSIC of Song et al. (2012, equation 5).
    """
    n = len(gram)
    hollow = gram.clone().fill_diagonal_(0)
    sums = hollow.sum(dim=0)
    centred = hollow - sums[:, None] / (n - 2) - sums[None, :] / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    return centred.fill_diagonal_(0)
