"""Weights that somebody else has trained: of torchvision, or from a file.

A file is read as tensors only. Nothing that could run code is loaded from it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torchvision import models

from repdrift.errors import UserError, first_line, in_one_line
from repdrift.networks.checkpoints import build_for
from repdrift.networks.network import Network
from repdrift.study.architectures import TORCHVISION

State = Mapping[str, Tensor]

COUNTER = "num_batches_tracked"  # of batch normalisation; files of old versions of PyTorch lack it
INSIDE = ("state_dict", "model_state_dict", "model")  # keys under which training scripts save the weights
SHOWN = 3  # names in a message


def with_weights(settings: Mapping[str, Any], source: str, prefix: str = "") -> Network:
    """Build a network with given weights. Its number of classes is that of the weights.

    Parameters
    ----------
    settings : mapping
        The settings of the network, see `repdrift.networks.building.build`. The number of classes does not matter.
    source : str
        ``torchvision:NAME`` for weights of torchvision, which are downloaded once, or the path of a file that ends in
        ``.safetensors``, ``.pt`` or ``.pth``.
    prefix : str
        What the names of the weights begin with in the file, such as ``module.``. Only weights with it are used.

    Raises
    ------
    UserError
        If there are no such weights, or they do not fit the network: the message has the first names that are missing,
        left over or of another shape.
    """
    every = read(settings, source)
    state = {name.removeprefix(prefix): value for name, value in every.items() if name.startswith(prefix)}
    if not state:
        raise UserError(f"{source}: no weight has a name that begins with {prefix!r}")
    network = build_for(state, settings)
    fill(network, state, source)
    return network


def read(settings: Mapping[str, Any], source: str) -> State:
    """Read weights by name.

    Raises
    ------
    UserError
        If there are no such weights, or the file holds anything but tensors.
    """
    if source.startswith(TORCHVISION):
        return of_torchvision(settings["name"], source)
    path = Path(source)
    try:
        found = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}") from None
    except Exception as error:  # a damaged file, or one that holds code, has many kinds of errors
        raise in_one_line(f"{path} cannot be read as weights alone: {first_line(error)}") from None
    return found


def _unpickled(path: Path) -> State:
    found = torch.load(path, map_location="cpu", weights_only=True)
    for key in INSIDE:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ValueError("it holds no mapping of names to tensors")
    return found


def of_torchvision(network: str, source: str) -> State:
    """Download weights of torchvision, or read them from its cache.

    Raises
    ------
    UserError
        If the network has no such weights, or they cannot be downloaded.
    """
    name = source.removeprefix(TORCHVISION)
    known = names_of_weights(network)
    if name not in known:
        raise UserError(f"{network} has no weights {name!r}; it has {', '.join(known) or 'none'}")
    weights = models.get_model_weights(network.removeprefix(TORCHVISION))[name]
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    except Exception as error:  # of the network, the disk or the checksum
        get = f"get {weights.url} and name the file under weights"
        raise in_one_line(f"{source} cannot be downloaded ({first_line(error)}): {get}") from None


def names_of_weights(network: str) -> list[str]:
    """List the names of the weights that torchvision has of a network."""
    name = network.removeprefix(TORCHVISION)
    if not network.startswith(TORCHVISION) or name not in models.list_models(module=models):
        return []
    return [weights.name for weights in models.get_model_weights(name)]


def fill(network: Network, state: State, source: str) -> None:
    """Load weights into a network.

    Raises
    ------
    UserError
        If names are missing or left over, or shapes differ.
    """
    own = network.saved.state_dict()
    missing = [name for name in own if name not in state and not name.endswith(COUNTER)]
    left = [name for name in state if name not in own]
    other = [f"{name} {tuple(state[name].shape)}" for name in own if _differs(own[name], state.get(name))]
    faults = {"missing": missing, "left over": left, "of another shape": other}
    said = [f"{len(names)} {what} ({_first(names)})" for what, names in faults.items() if names]
    if said:
        raise UserError(f"{source} does not fit the network: {', '.join(said)}")
    network.saved.load_state_dict(dict(state), strict=False)


def _differs(own: Tensor, given: Tensor | None) -> bool:
    return given is not None and own.shape != given.shape


def _first(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
