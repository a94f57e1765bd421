"""The representations of one network, from one file or from several."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from repdrift.comparison.files.formats import read_file
from repdrift.comparison.files.joining import as_batches, join_batches, join_layers, numbered
from repdrift.comparison.files.names import listed
from repdrift.comparison.recording import Recording
from repdrift.errors import UserError

ONE_LAYER = ".npy"  # the format whose files have one layer each
BATCHES, LAYERS = "batches", "layers"  # what several files of that format can be
LARGEST = 2**53  # float64 holds every integer up to it


def read(
    paths: Sequence[str],
    layers: Sequence[str] = ("*",),
    ids: Sequence[str] | None = None,
    npy: str | None = None,
) -> Recording:
    """Read the representations of one network.

    Parameters
    ----------
    paths : sequence of str
        Files, folders of files, or patterns, see `repdrift.comparison.files.names.listed`. Several files have a batch
        of the images each, which are joined in this order.
    layers : sequence of str
        The names of the layers to read, or patterns such as ``layer*``.
    ids : sequence of str, optional
        The sample ids of all rows. Files with sample ids of their own must have these.
    npy : str, optional
        What several npy files are: ``batches`` of one layer, or ``layers`` of the same images. The default is batches
        if their names differ in a number only.

    Raises
    ------
    UserError
        If a file cannot be read, files do not fit together, a layer is not of real numbers [n, ...], a value is not
        finite, or the ids do not fit.
    """
    files = list(listed(paths))
    label = paths[0] if len(paths) == 1 else f"{files[0]} to {files[-1]}"
    if len(files) == 1:
        recording = replace(_of_file(files[0], layers), name=label)
    elif all(file.suffix.lower() == ONE_LAYER for file in files):
        recordings = [_of_file(file, ("*",)) for file in files]
        if (npy or (BATCHES if numbered(files) else LAYERS)) == BATCHES:
            recording = join_batches(as_batches(recordings, files), label).chosen(layers)
        else:
            recording = join_layers(recordings, label).chosen(layers)
    else:
        recording = join_batches([_of_file(file, layers) for file in files], label)
    if ids is None:
        return recording
    if recording.ids is not None and recording.ids != tuple(ids):
        raise UserError(
            f"{label} has sample ids, and those that are given for it are others or in another order: leave them out"
        )
    return replace(recording, ids=tuple(ids))


def read_ids(path: Path) -> list[str]:
    """Read sample ids, one a line."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the sample ids in {path} cannot be read: {error}") from None


def _of_file(file: Path, layers: Sequence[str]) -> Recording:
    """Read the chosen layers of a file, and check that all values are finite."""
    content = read_file(file, lambda layer: any(fnmatchcase(layer, pattern) for pattern in layers))
    if not content.layers:
        have = ", ".join(content.names)
        raise UserError(f"{file} has no layer {', '.join(layers)}; it has {have}" if have else f"{file} has no layers")
    values = {layer: _exact(x, f"{file}: layer {layer}") for layer, x in content.layers.items()}
    recording = Recording(values, content.ids, str(file))
    recording.check_finite()
    return recording


def _exact(values: Any, name: str) -> Any:  # noqa: ANN401  what a file has
    """Return values whose conversion to float64 is exact. Floats of 8 bits become float32."""
    if isinstance(values, Tensor) and values.is_floating_point() and values.dtype.itemsize == 1:
        return values.float()
    large = isinstance(values, Tensor | np.ndarray) and values.dtype in (torch.int64, torch.uint64, np.int64, np.uint64)
    if large and bool((abs(np.asarray(values).astype(np.float64)) > LARGEST).any()):
        raise UserError(f"{name} has integers above 2**53, which floats do not hold exactly")
    return values
