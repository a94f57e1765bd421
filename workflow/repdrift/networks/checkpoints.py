"""Checkpoints: the weights of a network at one moment of its training, as safetensors files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from repdrift.errors import UserError
from repdrift.networks.building import build
from repdrift.networks.network import Network
from repdrift.provenance.artifacts import Job, write_atomically


def save(network: torch.nn.Module, path: Path, job: Job) -> None:
    """Write the weights and the BN statistics of a network to a file, with a sidecar."""
    state = _state(network)
    job.save(path, lambda file: save_file(state, file))


def write(network: torch.nn.Module, path: Path) -> None:
    """Write the weights and the BN statistics of a network to a file without a sidecar. The file is never partial."""
    state = _state(network)
    write_atomically(path, lambda file: save_file(state, file))


def _state(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}


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
    try:
        network.load_state_dict(load_file(path))
    except Exception as error:  # safetensors has an error class of its own; names or shapes may not fit
        raise UserError(f"{path} does not hold the weights of {dict(settings)}: {error}") from None
    return network
