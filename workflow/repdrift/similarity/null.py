"""The permutation null: the similarity of two representations when the images of one of them are permuted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import ROUNDING, Estimator
from repdrift.similarity.permutations import Orders

State = TypeVar("State")

ALPHA = 0.05


@dataclass(frozen=True)
class Null:
    """A similarity beside those under random permutations of the images of one representation.

    Attributes
    ----------
    value : float
        The similarity without a permutation, which is called the observed one.
    mean, sd : float
        Mean and standard deviation under permutations. The mean is over all permutations if it has a closed form.
    q95 : float
        95 % quantile of the observed similarity and those under permutations together, see `threshold`.
    p : float
        p-value of the observed similarity, see `p_value`.
    p_max : float
        p-value that is corrected for the number of layers. The observed value is compared with the largest of all
        layers under the same permutation, each layer in units of its own null: (similarity - mean) / sd. This is the
        single-step maxT procedure of Westfall and Young (1993). For a single layer it is `p`.
    calibrated : float
        How far the observed similarity is above q95, as a share of how far 1 is above q95, see `calibrated`.
    """

    value: float
    mean: float
    sd: float
    q95: float
    p: float
    p_max: float
    calibrated: float


@dataclass(frozen=True, eq=False)
class Permuted:
    """The similarity of two representations, and what it is under permutations.

    Attributes
    ----------
    value : float
        The observed similarity.
    null : float64 Tensor [permutations]
        The similarities under permutations.
    mean : float
        The mean over all permutations if it has a closed form, and otherwise the mean of `null`.
    """

    value: float
    null: Tensor
    mean: float


def permuted(estimator: Estimator[State], a: State, b: State, permutations: Orders) -> Permuted:
    """Return the similarity of two prepared representations, and what it is if the images of `b` are permuted.

    Parameters
    ----------
    estimator : Estimator
    a, b : State
        What `prepare` of the estimator returns.
    permutations : Permutations or sequence of int64 Tensor [n]
        `repdrift.similarity.permutations.Permutations` are much faster than a sequence, except for Procrustes, CCA and
        minibatch CKA.
    """
    null = estimator.compare_permuted(a, b, permutations)
    mean = estimator.null_mean(a, b)
    return Permuted(estimator.compare(a, b), null, null.mean().item() if mean is None else mean)


def nulls(layers: Sequence[Permuted]) -> list[Null]:
    """Return the permutation null of each layer of two networks.

    Parameters
    ----------
    layers : sequence of Permuted
        The layers, all under the same permutations in the same order. Only then do the largest of all layers have a
        null of their own, as `p_max` needs.

    Raises
    ------
    UserError
        If there are fewer than 2 permutations, or not the same number of them in all layers.
    """
    counts = {len(layer.null) for layer in layers}
    if len(counts) > 1 or min(counts, default=2) < 2:
        raise UserError(f"permutations {sorted(counts)}: all layers need the same ones, and at least 2")
    spreads = [layer.null.std().item() for layer in layers]
    # Where all permutations give the same similarity, only the difference from it is left.
    scales = [spread if spread > ROUNDING else 1.0 for spread in spreads]
    standardised = [(layer.null - layer.mean) / scale for layer, scale in zip(layers, scales, strict=True)]
    largest = torch.stack(standardised).amax(dim=0) if layers else torch.empty(0)
    found = []
    for layer, spread, scale in zip(layers, spreads, scales, strict=True):
        q95 = threshold(layer.value, layer.null, ALPHA)
        found.append(
            Null(
                value=layer.value,
                mean=layer.mean,
                sd=spread,
                q95=q95,
                p=p_value(layer.value, layer.null),
                p_max=p_value((layer.value - layer.mean) / scale, largest),
                calibrated=calibrated(layer.value, q95),
            )
        )
    return found


def permutation_nulls(
    estimator: Estimator[State], a: Sequence[State], b: Sequence[State], permutations: Orders
) -> list[Null]:
    """Return the permutation null of each layer of two networks, given their prepared layers in the same order.

    The same permutations are used in all layers. If not all layers fit in memory, call `permuted` for one layer after
    the other, and then `nulls`.

    Raises
    ------
    UserError
        If there are fewer than 2 permutations, or the numbers of images differ.
    """
    return nulls([permuted(estimator, *layer, permutations) for layer in zip(a, b, strict=True)])


def threshold(value: float, null: Tensor, alpha: float) -> float:
    """Return the (1 - alpha) quantile of the observed similarity and its null together.

    It is the order statistic of rank ceil((1 - alpha) (K + 1)) of the K + 1 values (Gröger, Wen and Brbić 2026,
    algorithm 1). A similarity is above it if and only if its p-value is at most alpha, ties aside.
    """
    together = torch.cat([null, null.new_tensor([value])]).sort().values
    return together[ceil((1 - alpha) * len(together)) - 1].item()


def p_value(value: float, null: Tensor) -> float:
    """Return (1 + the number of permutations that give at least the observed similarity) / (K + 1).

    The observed similarity counts as one of K + 1 permutations, so that the p-value is never 0 and the test is not too
    liberal (Phipson and Smyth 2010).
    """
    # A permutation that changes nothing gives the observed similarity up to rounding.
    reached = int((null >= value - ROUNDING).sum())
    return (1 + reached) / (len(null) + 1)


def calibrated(value: float, threshold: float) -> float:
    """Return clamp((value - threshold) / (1 - threshold), 0, 1).

    It is 0 for what chance gives and 1 for equal representations. The source is algorithm 1 of Gröger, Wen and Brbić
    (2026).
    """
    return 0.0 if value <= threshold else min((value - threshold) / (1 - threshold), 1.0)
