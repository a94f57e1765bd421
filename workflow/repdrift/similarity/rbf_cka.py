"""CKA with a Gaussian (RBF) kernel (Kornblith et al. 2019)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.cka import unbiased_centred
from repdrift.similarity.estimator import UndefinedError, check, squared_distances
from repdrift.similarity.gram import Representation
from repdrift.similarity.pairs import CosineOfPairs, of_norm_1


@dataclass(frozen=True)
class RbfCka(CosineOfPairs):
    """RBF CKA: the cosine of two centred Gram matrices exp(-d^2 / (2 sigma^2)).

    Parameters
    ----------
    fraction : float
        The bandwidth sigma as a fraction of the median Euclidean distance between two different images. The similarity
        is thus invariant to scale (Kornblith et al. 2019, section 4, who use 0.2 to 0.8). At 1 and above RBF CKA is
        nearly linear CKA (Alvarez 2022, arXiv 2112.09305).
    debiased : bool
        False centres the Gram matrix as H K H; the similarity is in 0..1. True takes the unbiased HSIC of Song et al.
        (2012, equation 5); the similarity is about 0 for independent representations and can be negative.

    Raises
    ------
    UserError
        If the fraction is not positive. `prepare` raises it if `repdrift.similarity.estimator.check` does, if the two
        images are equal in at least half of the pairs (the bandwidth is 0), or if the centred Gram matrix is 0.
    """

    fraction: float = 0.3
    debiased: bool = False

    def __post_init__(self) -> None:
        if not self.fraction > 0:
            raise UserError(f"bandwidth of {self.fraction} of the median distance: it must be positive")

    def prepare(self, x: Representation) -> Tensor:
        """Return the centred Gram matrix, divided by its norm."""
        check(x)
        squared = squared_distances(x)
        bandwidth = self.fraction * _median_distance(squared)
        if bandwidth == 0:
            raise UndefinedError(
                "half of the pairs of images or more have equal representations: the RBF bandwidth is 0"
            )
        # Centring removes constants, so exp(t) - 1 can replace exp(t). It keeps the digits of a small t.
        gram = torch.expm1(squared / (-2 * bandwidth**2))
        result = unbiased_centred(gram) if self.debiased else _double_centred(gram)
        return of_norm_1(result, gram.abs().max().item(), "at this bandwidth the centred RBF Gram")


def _median_distance(squared: Tensor) -> float:
    """Return the median distance between different images. If there are two middle values, it is their mean."""
    pairs = squared[torch.ones_like(squared, dtype=torch.bool).triu_(diagonal=1)]
    middle = [pairs.kthvalue(position).values.sqrt() for position in ((len(pairs) + 1) // 2, len(pairs) // 2 + 1)]
    return (middle[0] + middle[1]).item() / 2


def _double_centred(gram: Tensor) -> Tensor:
    """Return H K H for a Gram matrix K [n, n], where H = I - 11'/n."""
    means = gram.mean(dim=0)
    return gram - means[:, None] - means[None, :] + means.mean()
