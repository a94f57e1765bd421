"""The permutation null: what the similarity is when the rows of one side are not those of the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from repdrift.similarity.estimator import Estimator

State = TypeVar("State")


@dataclass(frozen=True)
class Null:
    """Mean and 95 % quantile of the similarity over random permutations of the images of one side."""

    mean: float
    q95: float


def permutation_null(estimator: Estimator[State], a: State, b: State, orders: Iterable[Tensor]) -> Null:
    """Null of an estimator for two prepared representations; orders are permutations int64 [n] of the images.

    What an estimator prepares can be permuted without being prepared again, so an order costs little more than a
    comparison.
    """
    values = torch.tensor([estimator.compare(a, estimator.permute(b, order)) for order in orders], dtype=torch.float64)
    return Null(values.mean().item(), values.quantile(0.95).item())


def random_orders(images: int, count: int, seed: int) -> list[Tensor]:
    """Draw permutations int64 [n] of the images from a generator of their own."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(images, generator=generator) for _ in range(count)]
