"""Minibatch CKA (Nguyen et al. 2021)."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.cka import unbiased_centred
from repdrift.similarity.estimator import MINIMUM_IMAGES, ROUNDING, Estimator, centred, check, check_same_images
from repdrift.similarity.gram import Gram, Representation
from repdrift.similarity.pairs import centred_gram


@dataclass(frozen=True)
class Source:
    """A representation [n, p] in file order.

    The whole Gram matrix of features is computed once, and only if there is a permutation.
    """

    representation: Representation

    @cached_property
    def gram(self) -> Tensor:
        return centred_gram(self.representation)


@dataclass(frozen=True)
class Batches:
    """The U-centred Gram matrices of the batches of source.values[order]."""

    source: Source
    order: Tensor
    grams: tuple[Tensor, ...]


@dataclass(frozen=True)
class MinibatchCka(Estimator[Batches]):
    """Minibatch CKA: mean HSIC(K, L) / sqrt(mean HSIC(K, K) mean HSIC(L, L)), where the means are over batches.

    The source is Nguyen et al. (2021), section 2, with the unbiased HSIC of Song et al. (2012, equation 5). The batches
    are taken in file order. A last batch of fewer than 4 images is dropped.

    Minibatch CKA does not estimate the CKA of all images: it depends on the size of the batches and, for one data set,
    on the order of the images. It is at most 1, and about 0 for independent representations, where it can be negative.
    It is invariant to rotations, to scale, and to an offset of each unit.

    Parameters
    ----------
    batch : int
        Number of images in a batch, at least 4.

    Raises
    ------
    UserError
        If a batch has fewer than 4 images. `prepare` raises it if `repdrift.similarity.estimator.check` does, or if the
        HSIC of the representation with itself is 0 in all batches.
    """

    batch: int = 64

    def __post_init__(self) -> None:
        if self.batch < MINIMUM_IMAGES:
            raise UserError(f"batches of {self.batch} images: at least {MINIMUM_IMAGES} are needed")

    def prepare(self, x: Representation) -> Batches:
        """Return the U-centred Gram matrices of the batches. Together they have n times `batch` entries."""
        check(x)
        source = Source(x)
        # One centre serves all batches, because U-centring removes the offset of each batch from it.
        if isinstance(x, Gram):
            order = torch.arange(len(x), device=x.means.device)
            grams = [source.gram[images[:, None], images] for images in order.split(self.batch)]
        else:
            order = torch.arange(len(x), device=x.device)
            grams = [rows @ rows.T for rows in centred(x).split(self.batch)]
        return self._batches(source, order, grams)

    def compare(self, a: Batches, b: Batches) -> float:
        """Return the minibatch CKA of two representations in the same batches."""
        check_same_images(len(a.order), len(b.order))
        return _mean_hsic(a, b) / math.sqrt(_mean_hsic(a, a) * _mean_hsic(b, b))

    def permute(self, state: Batches, order: Tensor) -> Batches:
        """Return the batches of x[order]. They have other images, so their entries are taken from the whole Gram."""
        order = state.order[order]
        grams = [state.source.gram[images[:, None], images] for images in order.split(self.batch)]
        return self._batches(state.source, order, grams)

    def _batches(self, source: Source, order: Tensor, grams: list[Tensor]) -> Batches:
        full = [gram for gram in grams if len(gram) >= MINIMUM_IMAGES]
        result = tuple(unbiased_centred(gram) for gram in full)
        if max(gram.abs().max().item() for gram in result) <= ROUNDING * max(gram.abs().max().item() for gram in full):
            raise UserError(
                f"HSIC of the representation with itself is 0 in all batches of {self.batch} images: its similarity to "
                "anything is undefined"
            )
        return Batches(source, order, result)


def _mean_hsic(a: Batches, b: Batches) -> float:
    """Return the mean over the batches of the HSIC of Song et al. (2012), from the U-centred Gram matrices."""
    total = sum(
        (k * l).sum().item() / (len(k) * (len(k) - 3))
        for k, l in zip(a.grams, b.grams, strict=True)  # noqa: E741
    )
    return total / len(a.grams)
