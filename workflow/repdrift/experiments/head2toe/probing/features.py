"""Features of many layers: each pooled to a size, of unit norm, side by side in an order that is always the same."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional

from repdrift.errors import UserError


def pooled(maps: Tensor, target_size: int | None) -> Tensor:
    """Average a layer over patches so that about `target_size` numbers are left of an example: [n, q].

    As Evci et al. (2022) in their code, `flatten_and_concat`; there a map smaller than its number of patches falls into
    the global average, here it stays as it is.

    Parameters
    ----------
    maps : Tensor [n, C, H, W], [n, T, C] (tokens) or [n, p]
        Feature maps are averaged in floor(sqrt(target_size // C)) patches a side, tokens in target_size / C groups;
        windows do not overlap, what is left at the end is dropped. Layers [n, p] are as they are.
    target_size : int or None
        Numbers of an example. With as many channels or more, the average over all places. None: no pooling.

    Raises
    ------
    UserError
        If the tensor has other dimensions, or the size is less than 1.
    """
    if maps.ndim not in {2, 3, 4}:
        raise UserError(f"a layer has shape {tuple(maps.shape)}: give [n, C, H, W], tokens [n, T, C], or [n, p]")
    if target_size is not None and target_size < 1:
        raise UserError(f"target size {target_size}: it must be at least 1, or none for no pooling")
    maps = maps if maps.dtype == torch.float64 else maps.float()
    if target_size is None or maps.ndim == 2:
        return maps.flatten(1)
    if maps.ndim == 3:
        maps = maps.mT
    channels, places = maps.shape[1], maps.shape[2:]
    if channels >= target_size:
        return maps.flatten(2).mean(2)
    if len(places) == 1:
        return functional.avg_pool1d(maps, max(1, places[0] * channels // target_size)).flatten(1)
    patches = math.isqrt(target_size // channels)
    return functional.avg_pool2d(maps, [max(1, side // patches) for side in places]).flatten(1)


def unit_norm(values: Tensor) -> Tensor:
    """Scale each row of [n, q] to Euclidean norm 1; rows of zeros stay zeros."""
    norms = torch.linalg.vector_norm(values, dim=1, keepdim=True)
    return values.div(norms.where(norms > 0, 1.0))


@dataclass(frozen=True, eq=False)
class Features:
    """Features of all layers, concatenated; `Features.of` makes them.

    Parameters
    ----------
    values : float Tensor [n, p]
        A row an example, the layers side by side in the order of their names.
    widths : dict of str to int
        Number of columns of each layer, in that order.
    """

    values: Tensor
    widths: Mapping[str, int]

    @classmethod
    def of(cls, layers: Mapping[str, Tensor]) -> "Features":
        """Give each layer's rows unit norm and put the layers side by side, in the order of their names.

        So nothing that is made of features depends on the order in which layers are given.

        Parameters
        ----------
        layers : dict of str to Tensor [n, q]
            As `pooled` gives them. In float64 if one of them is, otherwise in float32.

        Raises
        ------
        UserError
            If there is no layer, one is not [n, q] with the same n, or holds a value that is not finite.
        """
        if not layers:
            raise UserError("no layers: give the features of at least one")
        rows = {len(values) for values in layers.values()}
        if len(rows) > 1:
            raise UserError(f"layers have different numbers of examples: {', '.join(map(str, sorted(rows)))}")
        for name, values in layers.items():
            if values.ndim != 2 or not values.numel():
                raise UserError(f"layer {name} has shape {tuple(values.shape)}: features are [n, q]")
            if not bool(values.isfinite().all()):
                raise UserError(f"layer {name} has values that are not finite")
        double = any(values.dtype == torch.float64 for values in layers.values())
        ordered = {name: layers[name].to(torch.float64 if double else torch.float32) for name in sorted(layers)}
        values = torch.cat([unit_norm(values) for values in ordered.values()], dim=1)
        return cls(values, {name: values.shape[1] for name, values in ordered.items()})

    def __len__(self) -> int:
        return len(self.values)

    def layers(self) -> dict[str, Tensor]:
        """Give the columns [n, q] of each layer."""
        parts = self.values.split(list(self.widths.values()), dim=1)
        return dict(zip(self.widths, parts, strict=True))

    def starts(self) -> dict[str, int]:
        """Give the first column of each layer."""
        return dict(zip(self.widths, accumulate(self.widths.values(), initial=0), strict=False))

    def rows(self, examples: Tensor) -> "Features":
        """Give the features of some examples: int [m]."""
        return Features(self.values[examples.to(self.values.device)], self.widths)

    def only(self, layers: Iterable[str]) -> "Features":
        """Give the features of some layers.

        Raises
        ------
        UserError
            If a layer is not among them.
        """
        found = self.layers()
        return Features.of({name: found[known(name, found)] for name in layers})


def known(layer: str, layers: Iterable[str]) -> str:
    """Give the name of a layer back, or say that there is none of that name."""
    if layer not in layers:
        raise UserError(f"no layer {layer!r} among {', '.join(layers)}")
    return layer
