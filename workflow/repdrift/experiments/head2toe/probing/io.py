"""Reading and writing probes. A safetensors file has the selected features and the head; its metadata describe them."""

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

INDICES = "indices."  # the name of a layer follows


def write(probe: Probe, path: Path, about: dict[str, Any] | None = None) -> None:
    """Write a probe to a file. Use this function with `Job.save`, which adds a sidecar, and `save` without one.

    The file has the tensors ``weights`` [C, k], ``bias`` [C], and ``indices.<layer>`` int32 for each layer. The columns
    of the weights are in the order of the names of the layers.

    Parameters
    ----------
    probe : Probe
    path : Path
    about : dict, optional
        A description of the probe, with values that JSON can hold.
    """
    tensors = {"weights": probe.head.weights, "bias": probe.head.bias}
    tensors |= {INDICES + layer: kept.to(torch.int32) for layer, kept in probe.selection.indices.items()}
    save_file(
        {name: each.cpu().contiguous() for name, each in tensors.items()}, path, {"about": canonical(about or {})}
    )


def save(probe: Probe, path: Path, about: dict[str, Any] | None = None) -> None:
    """Write a probe to a file as `write` does. The file is never partial."""
    write_atomically(path, lambda file: write(probe, file, about))


def load(path: Path) -> tuple[Probe, dict[str, Any]]:
    """Read a probe and its description from a file that `write` or `save` has written.

    Raises
    ------
    UserError
        If the file is missing or damaged, or does not hold a probe.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            about = json.loads(file.metadata()["about"])
        kept = {name[len(INDICES) :]: tensors[name].long() for name in sorted(tensors) if name.startswith(INDICES)}
        probe = Probe(Selection(kept), Head(tensors["weights"], tensors["bias"]))
        if probe.head.weights.shape != (len(probe.head.bias), probe.selection.count):
            raise ValueError("the head does not fit the selected features")
    except Exception as error:  # safetensors has an error class of its own; tensors may be missing
        raise UserError(f"{path} does not hold a probe: {error}") from None
    return probe, about
