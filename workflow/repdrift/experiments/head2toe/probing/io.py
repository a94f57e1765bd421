"""Probes as files: selected indices and head in one safetensors file, what they were made with in its metadata."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.heads import Head
from repdrift.experiments.head2toe.probing.probe import Probe
from repdrift.experiments.head2toe.probing.selection import Selection
from repdrift.provenance.artifacts import write_atomically

INDICES = "indices."  # and the name of a layer


def write(probe: Probe, path: Path, about: dict[str, Any] | None = None) -> None:
    """Write a probe and what is said about it (JSON values) to a file; `Job.save` makes an artifact of that.

    Tensors: ``weights`` [C, k], ``bias`` [C], and ``indices.<layer>`` int32 for each layer, in the order of their names
    also the order of the columns of the weights.
    """
    tensors = {"weights": probe.head.weights, "bias": probe.head.bias}
    tensors |= {INDICES + layer: kept.to(torch.int32) for layer, kept in probe.selection.indices.items()}
    save_file(
        {name: each.cpu().contiguous() for name, each in tensors.items()}, path, {"about": canonical(about or {})}
    )


def save(probe: Probe, path: Path, about: dict[str, Any] | None = None) -> None:
    """Write a probe to a file, whole or not at all, see `write`."""
    write_atomically(path, lambda file: write(probe, file, about))


def load(path: Path) -> tuple[Probe, dict[str, Any]]:
    """Read a probe, and what was said about it.

    Raises
    ------
    UserError
        If the file is missing, damaged, or not of a probe.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            about = json.loads(file.metadata()["about"])
        kept = {name[len(INDICES) :]: tensors[name].long() for name in sorted(tensors) if name.startswith(INDICES)}
        probe = Probe(Selection(kept), Head(tensors["weights"], tensors["bias"]))
        if probe.head.weights.shape != (len(probe.head.bias), probe.selection.count):
            raise ValueError("the head does not fit the selected features")
    except Exception as error:  # safetensors' own error class, or a part that is not there
        raise UserError(f"{path} does not hold a probe: {error}") from None
    return probe, about
