"""Networks from their settings, and their weights from a seed."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from repdrift.networks.conv4 import Conv4
from repdrift.seeds import seed_for

NETWORKS = {"conv4": Conv4}


def build(settings: Mapping[str, Any]) -> Conv4:
    """Build a network from its settings, ``{"name": "conv4", "classes": 10, "block": ...}``, weights not yet set."""
    arguments = dict(settings)
    return NETWORKS[arguments.pop("name")](**arguments).to(memory_format=torch.channels_last)


def initialise(module: nn.Module, purpose: str, seed: int) -> None:
    """Set the weights to PyTorch's defaults (uniform in 1/sqrt(fan-in); BN scale 1, shift 0) from an own generator.

    Made on the CPU, so the same on every machine. `module` is a network or a part of it (a new head).
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
