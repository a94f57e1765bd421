"""Networks are built from their settings, and their first weights are drawn from a seed."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from repdrift.networks.conv4 import Conv4
from repdrift.networks.network import Network
from repdrift.seeds import seed_for

NETWORKS: dict[str, type[Network]] = {"conv4": Conv4}


def build(settings: Mapping[str, Any]) -> Network:
    """Build a network. Its weights are arbitrary, so they must be loaded or set by `initialise`.

    Parameters
    ----------
    settings : mapping
        ``{"name": "conv4", "classes": 10, "block": ...}``: a name in `NETWORKS`, and arguments of that class.

    Returns
    -------
    Network
        A network in the memory format channels_last.
    """
    arguments = dict(settings)
    network = NETWORKS[arguments.pop("name")](**arguments)
    return network.to(memory_format=torch.channels_last)


def initialise(module: nn.Module, purpose: str, seed: int) -> None:
    """Set the weights of a network, or of a part of it such as a new head, in place.

    The distributions are PyTorch's defaults. Weights and biases of convolutions and linear layers are uniform in
    -1/sqrt(fan-in)..1/sqrt(fan-in). Batch normalisation has scale 1 and shift 0. The numbers are drawn on the CPU, by a
    generator of their own, so they are the same on every machine.

    Parameters
    ----------
    module : Module
    purpose : str
        What the weights are drawn for, see `repdrift.seeds.seed_for`.
    seed : int
        Seed of the run.
    """
    generator = torch.Generator().manual_seed(seed_for(purpose, seed))
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            bound = 1 / math.sqrt(part.weight[0].numel())
            for parameter in (part.weight, part.bias):
                if parameter is not None:
                    values = torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator)
                    parameter.data.copy_(values)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
