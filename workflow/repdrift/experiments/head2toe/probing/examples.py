"""Cached examples: their labels and the features of all layers, in one file for training and testing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features, pooled
from repdrift.networks.network import Network

FORWARD_BATCH = 256  # images in a forward pass; the features do not depend on it, because BN uses running statistics
# Names of two further layers: the penultimate one of a second network, and the one before the penultimate.
SECOND, INTERMEDIATE = "second", "intermediate"
LABELS = "labels"


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled examples.

    Attributes
    ----------
    features : mapping of int or None to Features
        The features by target size; None is for features without pooling.
    labels : int64 Tensor [n]
    """

    features: Mapping[int | None, Features]
    labels: Tensor


@torch.inference_mode()
def extracted(network: Network, second: Network | None, images: Tensor, sizes: Sequence[int]) -> dict[str, Tensor]:
    """Extract the features of images from the layers of a network in eval mode.

    Parameters
    ----------
    network : Network
    second : Network, optional
        A network whose penultimate layer is extracted too.
    images : uint8 [n, C, H, W]
    sizes : sequence of int
        Target sizes to pool each layer to.

    Returns
    -------
    dict of str to float32 Tensor [n, q]
        On the CPU. ``<size>/<layer>`` is a layer of the network pooled to a size. ``none/<layer>`` is the penultimate
        layer without pooling, and ``none/second`` is that of the second network. ``none/intermediate`` is the layer
        before the penultimate one, pooled to the size of the penultimate one.
    """
    parts: dict[str, list[Tensor]] = {}
    for each in (network, second):
        if each is not None:
            each.eval()
    *_, before, penultimate, _ = network.layers

    def of(batch: Tensor) -> Iterator[tuple[str, Tensor]]:
        layers = network.read_layers(batch)
        for size in sizes:
            yield from ((f"{size}/{name}", pooled(maps, size)) for name, maps in layers.items())
        last = layers[penultimate].flatten(1)
        yield f"none/{penultimate}", last
        yield f"none/{INTERMEDIATE}", pooled(layers[before], last.shape[1])
        if second is not None:
            yield f"none/{SECOND}", second.read_layers(batch)[penultimate].flatten(1)

    for batch in images.split(FORWARD_BATCH):
        for name, values in of(batch):
            parts.setdefault(name, []).append(values.cpu())
    return {name: torch.cat(values).contiguous() for name, values in parts.items()}


def load_examples(path: Path, part: str, device: torch.device) -> Examples:
    """Read the examples of one part of a task from a file of features.

    Parameters
    ----------
    path : Path
        A safetensors file with the tensors ``<part>/<size>/<layer>`` and ``<part>/labels``.
    part : str
        ``train`` or ``test``.
    device : torch.device
        The device of the features. The labels stay on the CPU.

    Raises
    ------
    UserError
        If the file is missing or damaged, or does not hold examples.
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
    except Exception as error:  # safetensors has an error class of its own; tensors may be missing
        raise UserError(f"{path} does not hold features of examples: {error}") from None
    return Examples({size: Features.of(found) for size, found in layers.items()}, labels)
