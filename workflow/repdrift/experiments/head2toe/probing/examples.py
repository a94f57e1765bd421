"""Cached examples: features of all layers by target size, and labels, in one file for training and testing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features, pooled
from repdrift.networks.conv4 import Conv4
from repdrift.networks.evaluation import normalise

AT_ONCE = 256  # images; BN has running statistics, so their number changes nothing
SECOND, INTERMEDIATE = "second", "intermediate"  # layers beside the penultimate: another network's, and the one before
LABELS = "labels"


@dataclass(frozen=True, eq=False)
class Examples:
    """Features by target size (None: not pooled) and labels int64 [n]."""

    features: Mapping[int | None, Features]
    labels: Tensor


@torch.inference_mode()
def extracted(network: Conv4, second: Conv4 | None, images: Tensor, sizes: Sequence[int]) -> dict[str, Tensor]:
    """Features float32 [n, q] of images uint8 [n, C, H, W] in eval mode, on the CPU.

    Named ``<size>/<layer>`` for all layers of the network, pooled to each size; and ``none/<layer>`` for the
    penultimate layer, the same of a ``second`` network if there is one, and the layer before it pooled to as many
    numbers (``intermediate``).
    """
    parts: dict[str, list[Tensor]] = {}
    for each in (network, second):
        if each is not None:
            each.eval()
    *_, before, penultimate, _ = network.layers

    def of(batch: Tensor) -> Iterator[tuple[str, Tensor]]:
        layers = network(batch)
        for size in sizes:
            yield from ((f"{size}/{name}", pooled(maps, size)) for name, maps in layers.items())
        last = layers[penultimate].flatten(1)
        yield f"none/{penultimate}", last
        yield f"none/{INTERMEDIATE}", pooled(layers[before], last.shape[1])
        if second is not None:
            yield f"none/{SECOND}", second(batch)[penultimate].flatten(1)

    for batch in images.split(AT_ONCE):
        for name, values in of(normalise(batch)):
            parts.setdefault(name, []).append(values.cpu())
    return {name: torch.cat(values).contiguous() for name, values in parts.items()}


def load_examples(path: Path, part: str, device: torch.device) -> Examples:
    """Read the ``train`` or ``test`` examples of a file of tensors ``<part>/<size>/<layer>`` and ``<part>/labels``.

    Raises
    ------
    UserError
        If the file is missing, damaged, or not of examples.
    """
    layers: dict[int | None, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            labels = file.get_tensor(f"{part}/{LABELS}")
            for name in file.keys():  # noqa: SIM118 (not a dict)
                of_part, size, *layer = name.split("/")
                if of_part == part and layer:
                    of_size = layers.setdefault(None if size == "none" else int(size), {})
                    of_size[layer[0]] = file.get_tensor(name).to(device)
    except Exception as error:  # safetensors' own error class, or a part that is not there
        raise UserError(f"{path} does not hold features of examples: {error}") from None
    return Examples({size: Features.of(found) for size, found in layers.items()}, labels)
