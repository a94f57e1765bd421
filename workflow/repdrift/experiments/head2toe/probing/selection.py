"""Which features are kept: the best of all layers jointly, by score."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features, known
from repdrift.seeds import seed_for


@dataclass(frozen=True, eq=False)
class Selection:
    """Kept features.

    Parameters
    ----------
    indices : dict of str to int64 Tensor
        Columns of each layer, ascending, on the CPU; layers of which none is kept are not there.
    """

    indices: Mapping[str, Tensor]

    @property
    def widths(self) -> dict[str, int]:
        """Number of kept features by layer."""
        return {layer: len(kept) for layer, kept in self.indices.items()}

    @property
    def count(self) -> int:
        return sum(self.widths.values())

    def apply(self, features: Features) -> Features:
        """Keep these features of each layer, of unit norm again.

        Raises
        ------
        UserError
            If a layer is missing or has fewer columns than an index asks for.
        """
        layers, kept = features.layers(), {}
        for layer, indices in self.indices.items():
            values = layers[known(layer, layers)]
            if indices[-1] >= values.shape[1]:
                raise UserError(
                    f"layer {layer} has {values.shape[1]} features, but feature {indices[-1]} is selected: "
                    "pool it to the size that the selection was made for"
                )
            kept[layer] = values[:, indices.to(values.device)]
        return Features.of(kept)


def weight_scores(weights: Tensor) -> Tensor:
    """Score s_i = sum_j W_ij^2 of every feature by the weights [C, p] of a head: [p] (`connectivity_l2`)."""
    return weights.square().sum(0)


def random_scores(widths: Mapping[str, int], seed: int) -> Tensor:
    """Scores [p] of a random selection: uniform in 0..1, of each layer from a generator of its own."""

    def of_layer(layer: str, width: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed_for("random selection", seed, layer))
        return torch.rand(width, dtype=torch.float64, generator=generator)

    return torch.cat([of_layer(layer, width) for layer, width in widths.items()])


def select(scores: Tensor, widths: Mapping[str, int], fraction: float, *, after: float = 0.0) -> Selection:
    """Keep the floor(F p) features of the highest scores, at least one; of equal ones the first by layer name and unit.

    Parameters
    ----------
    scores : Tensor [p]
    widths : dict of str to int
        Of the layers in the order of the scores: `Features.widths`.
    fraction : float
        F, above 0 and at most 1.
    after : float
        Share of the features, those of the highest scores, that is passed over, less than 1. Where fewer than F p are
        left then, the last F p are kept.

    Raises
    ------
    UserError
        If a share is out of range.
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
    return math.floor(round(share * len(scores), 6))  # 0.29 * 100 is 28.999...


def check_fraction(fraction: float) -> None:
    """Say so if a fraction is not above 0 and at most 1."""
    if not 0 < fraction <= 1:
        raise UserError(f"fraction {fraction}: it must be above 0 and at most 1")
