"""Checkpoints: the weights of a network at one moment of its training, as safetensors files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from repdrift.errors import UserError, in_one_line
from repdrift.networks.building import build, draw_head
from repdrift.networks.network import Network
from repdrift.provenance.artifacts import Job, write_atomically
from repdrift.study.architectures import HEAD


def save(network: Network, path: Path, job: Job) -> None:
    """Write the weights and the BN statistics of a network to a file, with a sidecar."""
    state = _state(network.saved)
    job.save(path, lambda file: save_file(state, file))


def write(network: Network, path: Path) -> None:
    """Write the weights and the BN statistics of a network to a file without a sidecar. The file is never partial."""
    state = _state(network.saved)
    write_atomically(path, lambda file: save_file(state, file))


def _state(module: torch.nn.Module) -> dict[str, Tensor]:
    # Each tensor is a copy, because safetensors refuses weights that share memory.
    return {name: value.detach().cpu().contiguous().clone() for name, value in module.state_dict().items()}


def load(path: Path, settings: Mapping[str, Any]) -> Network:
    """Build a network from its settings, and load the weights of a checkpoint.

    Parameters
    ----------
    path : Path
        A file that `save` or `write` has written.
    settings : mapping
        The settings of the network, see `repdrift.networks.building.build`.

    Raises
    ------
    UserError
        If the file is damaged or holds the weights of another network.
    """
    network = build(settings)
    _fill(network, _read(path), path, settings)
    return network


def load_with_its_head(path: Path, settings: Mapping[str, Any]) -> Network:
    """Load the weights of a checkpoint as `load` does, with as many classes as its head has.

    Networks of several data sets are measured together. Their heads differ if the numbers of classes do.

    Parameters
    ----------
    path, settings
        As for `load`. The number of classes in the settings does not matter.

    Raises
    ------
    UserError
        As `load` does.
    """
    state = _read(path)
    network = build_for(state, settings)
    _fill(network, state, path, settings)
    return network


def load_with_new_head(path: Path, settings: Mapping[str, Any], purpose: str, seed: int) -> Network:
    """Load the weights of a checkpoint as `load` does, except those of the head, which are drawn anew.

    The head of the checkpoint may have another size.

    Parameters
    ----------
    path, settings
        As for `load`.
    purpose, seed
        As for `repdrift.networks.building.draw_head`.

    Raises
    ------
    UserError
        If the file is damaged or holds the weights of another network.
    """
    network = build(settings)
    draw_head(network, settings, purpose, seed)
    own = network.saved.state_dict()
    _fill(network, _read(path) | {name: own[name] for name in names_of_head(network)}, path, settings)
    return network


def build_for(state: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Network:
    """Build a network with as many classes as the head in some weights has, by their names in a checkpoint."""
    network = build(settings)
    head, *_ = names_of_head(network)  # its first dimension is the number of classes, whether a weight or a bias
    if head in state and len(state[head]) != settings["classes"]:
        return build({**settings, "classes": len(state[head])})
    return network


def names_of_head(network: Network) -> list[str]:
    """List the names that the weights of the head have in a checkpoint."""
    head = {id(weight) for weight in network.parts[HEAD].values()}
    return [name for name, weight in network.saved.named_parameters() if id(weight) in head]


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except Exception as error:  # safetensors has an error class of its own
        raise UserError(f"{path} holds no weights: {error}") from None


def _fill(network: Network, state: Mapping[str, Tensor], path: Path, settings: Mapping[str, Any]) -> None:
    try:
        network.saved.load_state_dict(state)
    except RuntimeError as error:  # names or shapes do not fit
        raise in_one_line(f"{path} does not hold the weights of {dict(settings)}: {error}") from None
