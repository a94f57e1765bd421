"""What is compared: representations of real conv4 networks, or noise of the same widths."""

from collections.abc import Sequence

import torch
from torch import Tensor

from repdrift.data import rendered
from repdrift.networks.building import build, initialise
from repdrift.networks.representations import representations

Model = list[Tensor]  # the representations [n, p] of a model's layers, pool1 to logits

WIDTHS = (16384, 4096, 1024, 256, 10)


def conv4_models(images: int, seeds: Sequence[int]) -> list[Model]:
    """Layers of a conv4 of each seed on the same rendered images, float32, with batch statistics."""
    probe = torch.from_numpy(rendered.render("objects", "test", images)[0])
    return [_conv4(probe, seed) for seed in seeds]


def _conv4(probe: Tensor, seed: int) -> Model:
    network = build({"name": "conv4", "block": "conv-relu-bn", "classes": 10})
    initialise(network, "initialisation", seed)
    return list(representations(network, probe).values())


def noise_model(images: int, seed: int) -> Model:
    """Rectified noise of the widths of conv4, made in place: nothing else is ever in memory."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.empty(images, width).normal_(generator=generator).relu_() for width in WIDTHS]
