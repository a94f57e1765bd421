"""The permutation null: the similarity of two representations when the images of one of them are permuted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from repdrift.similarity.estimator import Estimator

State = TypeVar("State")


@dataclass(frozen=True)
class Null:
    """Mean and 95 % quantile of the similarity over random permutations of the images of one representation."""

    mean: float
    q95: float


def permutation_null(estimator: Estimator[State], a: State, b: State, orders: Iterable[Tensor]) -> Null:
    """Return the permutation null of an estimator for two prepared representations.

    A prepared representation can be permuted, so a permutation costs little more than a comparison.

    Parameters
    ----------
    estimator : Estimator
    a, b : State
        What `prepare` of the estimator returns. The images of `b` are permuted.
    orders : iterable of int64 Tensor [n]
        Permutations of the images.
    """
    values = torch.tensor([estimator.compare(a, estimator.permute(b, order)) for order in orders], dtype=torch.float64)
    return Null(values.mean().item(), values.quantile(0.95).item())


def random_orders(images: int, count: int, seed: int) -> list[Tensor]:
    """Draw `count` permutations int64 [n] of n images, from a generator of their own with this seed."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(images, generator=generator) for _ in range(count)]
