"""Calibrated similarity (Gröger, Wen and Brbić, ICML 2026, arXiv 2602.14486): similarity above what chance gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity import registry
from repdrift.similarity.estimator import Estimator, check_same_images
from repdrift.similarity.gram import Representation
from repdrift.similarity.null import ALPHA, calibrated, p_value, threshold
from repdrift.similarity.permutations import Orders, Permutations

AGGREGATES: dict[str, Callable[[Tensor], Tensor]] = {
    "max": lambda similarities: similarities.amax(dim=0),
    "mean": lambda similarities: similarities.mean(dim=0),
}


@dataclass(frozen=True)
class Calibrated:
    """A similarity, calibrated by its permutation null.

    Attributes
    ----------
    value : float
        How far the similarity is above the threshold, as a share of how far 1 is above the threshold, in 0..1.
    p : float
        Add-one p-value of the similarity, in 1 / (K + 1)..1 for K permutations.
    threshold : float
        (1 - alpha) quantile of the similarity and those under permutations together.
    similarity : float
        The similarity itself, or the aggregate of the similarities of all pairs of layers.
    """

    value: float
    p: float
    threshold: float
    similarity: float


def calibrate(
    x: Representation,
    y: Representation,
    estimator: Estimator[Any] | str = "cka-debiased",
    *,
    permutations: Orders | None = None,
    alpha: float = ALPHA,
) -> Calibrated:
    """Calibrate the similarity of two representations (algorithm 1).

    Parameters
    ----------
    x, y : Tensor or Gram [n, p], [n, q]
        One row for each image, in the same order.
    estimator : Estimator or str
        An estimator, or its name in `repdrift.similarity.ESTIMATORS`. Its largest value must be 1.
    permutations : Permutations or sequence of int64 Tensor [n], optional
        Permutations of the images of y. The default is 200 of them, the same in every call.
    alpha : float
        Level of the threshold, in 0..1. A similarity that chance alone makes is above the threshold with this
        probability, and its calibrated value is otherwise 0.

    Raises
    ------
    UserError
        If the numbers of images differ, a similarity is undefined, the estimator is unknown, or alpha is not in (0, 1).
    """
    return calibrate_layers([x], [y], estimator, permutations=permutations, alpha=alpha)


def calibrate_layers(
    xs: Sequence[Representation],
    ys: Sequence[Representation],
    estimator: Estimator[Any] | str = "cka-debiased",
    aggregate: Literal["max", "mean"] = "max",
    *,
    permutations: Orders | None = None,
    alpha: float = ALPHA,
) -> Calibrated:
    """Calibrate the largest or the mean similarity of all pairs of layers of two networks (algorithm 2).

    The images of all layers of the second network are permuted alike. So the largest similarity has a null of its own,
    and the number of layers among which it was found is accounted for.

    Parameters
    ----------
    xs, ys : sequence of Tensor or Gram [n, p]
        The layers of the two networks: one row for each image, in the same order.
    estimator, permutations, alpha
        See `calibrate`.
    aggregate : str
        ``max`` or ``mean`` of the similarities of all pairs of layers.

    Raises
    ------
    UserError
        As `calibrate` does, and if a network has no layers or the aggregate is unknown.
    """
    if aggregate not in AGGREGATES:
        raise UserError(f"aggregate {aggregate!r}: use one of {', '.join(AGGREGATES)}")
    if not 0 < alpha < 1:
        raise UserError(f"alpha {alpha}: use a number between 0 and 1")
    if not xs or not ys:
        raise UserError("a network without layers has no similarity")
    for layer in (*xs, *ys):
        check_same_images(len(xs[0]), len(layer))
    method = registry.estimator(estimator) if isinstance(estimator, str) else estimator
    orders = Permutations.random(len(xs[0])) if permutations is None else permutations
    pairs = list(product(map(method.prepare, xs), [method.prepare(y) for y in ys]))
    observed = torch.tensor([method.compare(a, b) for a, b in pairs], dtype=torch.float64)
    under_permutations = torch.stack([method.compare_permuted(a, b, orders) for a, b in pairs])
    similarity = AGGREGATES[aggregate](observed).item()
    null = AGGREGATES[aggregate](under_permutations)
    tau = threshold(similarity, null, alpha)
    return Calibrated(calibrated(similarity, tau), p_value(similarity, null), tau, similarity)
