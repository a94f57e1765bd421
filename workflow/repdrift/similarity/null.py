"""The permutation null: what the similarity is when the rows of one side are not those of the other."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Null:
    """Mean and 95 % quantile of the similarity over random permutations of the images of one side."""

    mean: float
    q95: float


def permutation_null(a: Tensor, b: Tensor, permutations: Tensor) -> Null:
    """Null of the cosine of two centred Grams [n, n]; permutations are int64 [m, n].

    Permuting the images permutes rows and columns of a centred Gram and leaves its norm, so only the product of the
    two is computed again.
    """
    norm = math.sqrt((a * a).sum().item() * (b * b).sum().item())
    products = torch.stack([(a * b[p][:, p]).sum() for p in permutations])
    values = products / norm
    return Null(values.mean().item(), values.quantile(0.95).item())
