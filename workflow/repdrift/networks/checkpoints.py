"""Checkpoints: the weights of a network at one moment, as safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from repdrift.errors import UserError
from repdrift.networks.building import build
from repdrift.networks.conv4 import Conv4
from repdrift.provenance.artifacts import Job, write_atomically


def save(network: torch.nn.Module, path: Path, job: Job) -> None:
    """Write the weights and BN statistics of a network as an artifact, with its sidecar."""
    state = _state(network)
    job.save(path, lambda file: save_file(state, file))


def write(network: torch.nn.Module, path: Path) -> None:
    """Write them as a file and no more, whole or not at all."""
    state = _state(network)
    write_atomically(path, lambda file: save_file(state, file))


def _state(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}


def load(path: Path, settings: Mapping[str, Any]) -> Conv4:
    """Build a network from its settings and give it the weights of a checkpoint.

    Raises
    ------
    UserError
        If the file is damaged or holds the weights of another network.
    """
    network = build(settings)
    try:
        network.load_state_dict(load_file(path))
    except Exception as error:  # safetensors' own error class, or a mismatch of names and shapes
        raise UserError(f"{path} does not hold the weights of {dict(settings)}: {error}") from None
    return network
