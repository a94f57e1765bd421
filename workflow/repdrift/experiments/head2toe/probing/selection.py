"""The selection of features by score. The features of all layers compete with each other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features, layer_named
from repdrift.seeds import seed_for


@dataclass(frozen=True, eq=False)
class Selection:
    """The features that are kept.

    Attributes
    ----------
    indices : mapping of str to int64 Tensor
        For each layer, the indices of its kept columns in ascending order, on the CPU. Layers without kept columns are
        left out.
    """

    indices: Mapping[str, Tensor]

    @property
    def widths(self) -> dict[str, int]:
        """The number of kept features of each layer."""
        return {layer: len(kept) for layer, kept in self.indices.items()}

    @property
    def count(self) -> int:
        """The number of kept features of all layers."""
        return sum(self.widths.values())

    def apply(self, features: Features) -> Features:
        """Return the kept features, with each layer scaled to unit norm again.

        Raises
        ------
        UserError
            If a layer is missing or has fewer columns than an index asks for.
        """
        layers, kept = features.layers(), {}
        for layer, indices in self.indices.items():
            values = layer_named(layer, layers)
            if indices[-1] >= values.shape[1]:
                raise UserError(
                    f"layer {layer} has {values.shape[1]} features, but feature {indices[-1]} is selected: "
                    "pool it to the size that the selection was made for"
                )
            kept[layer] = values[:, indices.to(values.device)]
        return Features.of(kept)


def weight_scores(weights: Tensor) -> Tensor:
    """Return the score s_i = sum_j W_ji^2 of every feature i, given the weights W [C, p] of a head: Tensor [p].

    It is `connectivity_l2` in the code of Evci et al. (2022).
    """
    return weights.square().sum(0)


def random_scores(widths: Mapping[str, int], seed: int) -> Tensor:
    """Draw scores float64 [p] for a random selection, uniform in 0..1, from a generator for each layer."""

    def of_layer(layer: str, width: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed_for("random selection", seed, layer))
        return torch.rand(width, dtype=torch.float64, generator=generator)

    return torch.cat([of_layer(layer, width) for layer, width in widths.items()])


def select(scores: Tensor, widths: Mapping[str, int], fraction: float, *, after: float = 0.0) -> Selection:
    """Select the floor(F p) features with the highest scores, but at least one.

    Features with equal scores are ranked by the name of their layer and then by the index of their column.

    Parameters
    ----------
    scores : Tensor [p]
        A score for each feature.
    widths : mapping of str to int
        Number of features of each layer, in the order of the scores, see `Features.widths`.
    fraction : float
        The fraction F of the features that is kept, above 0 and at most 1.
    after : float
        Share of the features that is passed over, at least 0 and less than 1. These have the highest scores. If fewer
        than F p features remain, the F p features with the lowest scores are kept.

    Raises
    ------
    UserError
        If the fraction or the share is out of range.
    """
    check_fraction(fraction)
    if not 0 <= after < 1:
        raise UserError(f"share {after} to pass over: it must be at least 0 and less than 1")
    count = max(1, _share(fraction, scores))
    first = min(_share(after, scores), len(scores) - count)
    kept = torch.zeros(len(scores), dtype=torch.bool)
    kept[scores.cpu().sort(descending=True, stable=True).indices[first : first + count]] = True
    layers = zip(widths, kept.split(list(widths.values())), strict=True)
    return Selection({layer: part.nonzero()[:, 0] for layer, part in layers if part.any()})


def _share(share: float, scores: Tensor) -> int:
    return math.floor(round(share * len(scores), 6))  # rounded, because 0.29 * 100 is 28.999...


def check_fraction(fraction: float) -> None:
    """Check that a fraction is above 0 and at most 1, and raise UserError otherwise."""
    if not 0 < fraction <= 1:
        raise UserError(f"fraction {fraction}: it must be above 0 and at most 1")
