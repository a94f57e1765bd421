"""One recording from those of several files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from repdrift.comparison.recording import Recording
from repdrift.errors import UserError
from repdrift.similarity.gram import Gram, Representation

NUMBER = re.compile(r"[\W_]*\d+[\W_]*")


def join_batches(recordings: list[Recording], name: str) -> Recording:
    """Join recordings of batches of images. The list is emptied, so that no layer is in memory twice.

    Raises
    ------
    UserError
        If they have different layers, only some have sample ids, or a layer is kept as inner products.
    """
    first = recordings[0]
    for other in recordings[1:]:
        if set(other.layers) != set(first.layers):
            both = f"{first.name} has {', '.join(first.layers)}, and {other.name} has {', '.join(other.layers)}"
            raise UserError(f"several files of one network are batches of its images, with the same layers; {both}")
        if (other.ids is None) != (first.ids is None):
            with_ids, without = (first, other) if other.ids is None else (other, first)
            raise UserError(f"{with_ids.name} has sample ids and {without.name} has none: all files need them, or none")
    files = [recording.name for recording in recordings]
    ids = None if first.ids is None else tuple(each for recording in recordings for each in recording.ids or ())
    parts = [dict(recording.layers) for recording in recordings]
    layers = list(first.layers)
    del first, recordings[:]
    return Recording({layer: _rows([part.pop(layer) for part in parts], layer, files) for layer in layers}, ids, name)


def _rows(parts: Sequence[Representation], layer: str, files: Sequence[str]) -> Tensor:
    """Return the rows of all parts of a layer."""
    tensors: list[Tensor] = []
    for part, file in zip(parts, files, strict=True):
        if isinstance(part, Gram):
            raise UserError(f"{file} has inner products of layer {layer} only, so it cannot be one of several batches")
        if part.shape[1] != parts[0].shape[1]:
            widths = f"{parts[0].shape[1]} units in {files[0]} and {part.shape[1]} in {file}"
            raise UserError(f"layer {layer} has {widths}; several files of one network have the same layers")
        tensors.append(part)
    return torch.cat(tensors)


def numbered(files: Sequence[Path]) -> bool:
    """Tell whether the names of files differ in a number only, as those of batches do."""
    return len({NUMBER.sub("#", file.stem) for file in files}) == 1


def as_batches(recordings: Sequence[Recording], files: Sequence[Path]) -> list[Recording]:
    """Give the layer of each npy file the same name, without the number of the batch."""
    layer = NUMBER.sub(" ", files[0].stem).strip() or files[0].resolve().parent.name
    return [replace(recording, layers={layer: one_layer(recording)}) for recording in recordings]


def one_layer(recording: Recording) -> Representation:
    """Return the layer of a recording that has one."""
    (found,) = recording.layers.values()
    return found


def join_layers(recordings: Sequence[Recording], name: str) -> Recording:
    """Join recordings of different layers of the same images."""
    layers: dict[str, Representation] = {}
    for recording in recordings:
        for layer, x in recording.layers.items():
            if layer in layers:
                raise UserError(f"{name}: two files have the name {layer}, which is that of their layer")
            layers[layer] = x
    return Recording(layers, None, name)
