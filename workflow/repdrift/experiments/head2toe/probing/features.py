"""Features of many layers: each layer is pooled to a size and scaled to unit norm, and all are concatenated."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn import functional

from repdrift.errors import UserError
from repdrift.study.architectures import channel_axis


def pooled(maps: Tensor, target_size: int | None) -> Tensor:
    """Pool a layer by averages over patches, so that about `target_size` numbers remain of each example.

    The source is `flatten_and_concat` in the code of Evci et al. (2022). There, a map that is smaller than the number
    of patches is replaced by its global average. Here, it stays as it is.

    Parameters
    ----------
    maps : Tensor [n, C, H, W], [n, H, W, C], [n, T, C] (tokens) or [n, p]
        Feature maps are divided into floor(sqrt(target_size // C)) patches along each side, and tokens into
        target_size / C groups. Patches do not overlap; rows, columns or tokens that are left at the end are dropped.
        Layers [n, p] stay as they are.
    target_size : int or None
        If the layer has at least as many channels, its global average is returned. None is for no pooling.

    Returns
    -------
    float Tensor [n, q]
        float64 if the layer is float64, otherwise float32.

    Raises
    ------
    UserError
        If the tensor has another number of dimensions, or if the size is less than 1.
    """
    if maps.ndim not in {2, 3, 4}:
        raise UserError(f"a layer has shape {tuple(maps.shape)}: give [n, C, H, W], tokens [n, T, C], or [n, p]")
    if target_size is not None and target_size < 1:
        raise UserError(f"target size {target_size}: it must be at least 1, or None for no pooling")
    maps = maps if maps.dtype == torch.float64 else maps.float()
    if target_size is None or maps.ndim == 2:
        return maps.flatten(1)
    maps = maps.movedim(channel_axis(maps.shape[1:]), 1)
    channels, places = maps.shape[1], maps.shape[2:]
    if channels >= target_size:
        return maps.flatten(2).mean(2)
    if len(places) == 1:
        return functional.avg_pool1d(maps, max(1, places[0] * channels // target_size)).flatten(1)
    patches = math.isqrt(target_size // channels)
    return functional.avg_pool2d(maps, [max(1, side // patches) for side in places]).flatten(1)


def unit_norm(values: Tensor) -> Tensor:
    """Scale each row of values [n, q] to Euclidean norm 1. Rows of zeros stay zeros."""
    norms = torch.linalg.vector_norm(values, dim=1, keepdim=True)
    return values.div(norms.where(norms > 0, 1.0))


@dataclass(frozen=True, eq=False)
class Features:
    """The concatenated features of all layers. `Features.of` makes them.

    Attributes
    ----------
    values : float Tensor [n, p]
        One row for each example. Columns are in the order of the names of the layers.
    widths : mapping of str to int
        Number of columns of each layer, in that order.
    """

    values: Tensor
    widths: Mapping[str, int]

    @classmethod
    def of(cls, layers: Mapping[str, Tensor]) -> "Features":
        """Scale the rows of each layer to unit norm, and concatenate the layers in the order of their names.

        The order of the layers in the mapping therefore has no effect on any result.

        Parameters
        ----------
        layers : mapping of str to Tensor [n, q]
            Layers as `pooled` returns them. If one is float64, the features are float64, and otherwise float32.

        Raises
        ------
        UserError
            If there is no layer, if a layer is not [n, q] with the n of the others, or if a value is not finite.
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
        """Return the columns [n, q] of each layer."""
        parts = self.values.split(list(self.widths.values()), dim=1)
        return dict(zip(self.widths, parts, strict=True))

    def starts(self) -> dict[str, int]:
        """Return the index of the first column of each layer."""
        return dict(zip(self.widths, accumulate(self.widths.values(), initial=0), strict=False))

    def rows(self, examples: Tensor) -> "Features":
        """Return the features of the examples with these indices, int64 [m]."""
        return Features(self.values[examples.to(self.values.device)], self.widths)

    def only(self, layers: Iterable[str]) -> "Features":
        """Return the features of some layers.

        Raises
        ------
        UserError
            If there is no layer of one of the names.
        """
        found = self.layers()
        return Features.of({name: layer_named(name, found) for name in layers})


def layer_named(name: str, layers: Mapping[str, Tensor]) -> Tensor:
    """Return the layer of this name, or raise UserError if there is none."""
    if name not in layers:
        raise UserError(f"no layer {name!r} among {', '.join(layers)}")
    return layers[name]
