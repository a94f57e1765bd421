"""Networks are built from their settings, and their first weights are drawn from a seed."""

import math
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from repdrift.errors import UserError
from repdrift.networks.conv4 import Conv4
from repdrift.networks.network import Network
from repdrift.seeds import seed_for
from repdrift.study.architectures import CONV4, HEAD


def build(settings: Mapping[str, Any]) -> Network:
    """Build a network. Its weights are arbitrary, so they must be loaded or drawn: see `initial`.

    Parameters
    ----------
    settings : mapping
        The settings of a network, as `repdrift.study.study.Study.network_of` returns them. ``name`` is ``conv4``, or a
        name that `repdrift.networks.making.make_module` takes. ``classes`` is the number of classes. For conv4, all
        others are arguments of `repdrift.networks.conv4.Conv4`. For other networks, they are ``size``, ``arguments``,
        ``layers``, ``mean`` and ``std``; ``code`` identifies the code of a user's file.

    Returns
    -------
    Network
        A network in the memory format channels_last.

    Raises
    ------
    UserError
        If the network cannot be made, or does not return logits for its images.
    """
    others = {key: value for key, value in settings.items() if key not in ("name", "code")}
    if settings["name"] == CONV4:
        network: Network = Conv4(**others)
    else:
        # These import torchvision and the compiler of torch, which take seconds and which conv4 does not need.
        from repdrift.networks.making import make_module  # noqa: PLC0415
        from repdrift.networks.modules import ModuleNetwork  # noqa: PLC0415

        classes, size, arguments = others.pop("classes"), others.pop("size"), others.pop("arguments", {})
        try:
            module = make_module(settings["name"], classes, size, arguments)
            network = ModuleNetwork(module, (3, size, size), **others)
        except UserError as error:
            raise UserError(f"{settings['name']}: {error}") from None
    return network.to(memory_format=torch.channels_last)


def initial(settings: Mapping[str, Any], purpose: str, seed: int) -> Network:
    """Build a network, and draw its weights by its own initialisation.

    The numbers are drawn on the CPU, from generators that are seeded for this purpose alone, so they are the same on
    every machine. For conv4 see `initialise`.

    Parameters
    ----------
    settings : mapping
        See `build`.
    purpose : str
        What the weights are drawn for, see `repdrift.seeds.seed_for`.
    seed : int
        Seed of the run.
    """
    with generators_seeded(seed_for(purpose, seed)):
        network = build(settings)
    if settings["name"] == CONV4:
        initialise(network, purpose, seed)
    return network


def draw_head(network: Network, settings: Mapping[str, Any], purpose: str, seed: int) -> None:
    """Draw the weights of the head of a network anew, in place. The parameters are those of `initial`."""
    if isinstance(network, Conv4):
        initialise(network.head, purpose, seed)
    else:
        fresh = initial(settings, purpose, seed).parts[HEAD]
        for name, weight in network.parts[HEAD].items():
            weight.data.copy_(fresh[name])


@contextmanager
def generators_seeded(seed: int) -> Iterator[None]:
    """Seed the generators of torch, numpy and Python inside a `with` block, and restore them after it."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)
            random.setstate(python_state)


def initialise(module: nn.Module, purpose: str, seed: int) -> None:
    """Set the weights of a conv4, or of its head, in place.

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
