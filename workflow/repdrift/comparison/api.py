"""Comparing two models, or what was recorded of them, in one call."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from repdrift.comparison.arrays import as_representation
from repdrift.comparison.collected import AUTO
from repdrift.comparison.comparing import DEFAULT, compare_recordings
from repdrift.comparison.comparison import Comparison
from repdrift.comparison.reading import Settings, Subject, record_together
from repdrift.comparison.recording import Recording
from repdrift.errors import UserError
from repdrift.networks.evaluation import BATCH
from repdrift.similarity.gram import Gram, Representation
from repdrift.study.architectures import NONE

Compared = nn.Module | Recording | Mapping[str, Any] | Representation | NDArray[Any]


def compare(
    a: Compared,
    b: Compared,
    images: Any = None,  # noqa: ANN401  a tensor, a loader, or batches
    layers: Sequence[str] | str | None = None,
    *,
    estimators: Sequence[str] | str = DEFAULT,
    permutations: int = 0,
    seed: int = 0,
    intervals: int = 0,
    all_pairs: bool = True,
    ids: Iterable[object] | None = None,
    names: tuple[str, str] | None = None,
    reduce: str = NONE,
    keep: str = AUTO,
    device: torch.device | str | None = None,
    batch_size: int = BATCH,
    folder: str | Path | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare the layers of two models on the same images.

    Parameters
    ----------
    a, b : Module, Recording, mapping of str to array [n, ...], or array [n, ...]
        Models are recorded on the images as `repdrift.record` does, in eval mode. Arrays are representations that were
        recorded elsewhere, one row for each image.
    images : Tensor or array [n, ...], DataLoader, Dataset, or iterable of batches
        The images, if a or b is a model, see `repdrift.record`. They are read once, so both models get the same.
    layers : sequence of str, optional
        Names, or patterns such as ``layer*``, of the layers that are compared. Each must fit a layer of a or of b. None
        is for the end of each block and the logits of a model, and for all layers of a recording.
    estimators : sequence of str
        Names in `repdrift.ESTIMATORS`, such as ``cka-debiased``, or ``path/to/file.py:FUNCTION``.
    permutations : int
        Number of permutations of the images for the null. 0 is for no null; 200 or more are advised.
    seed : int
        The seed of the permutations, and of the halves of the images.
    intervals : int
        Number of random halves of the images from which 95 % intervals over images are made. 0 is for no intervals; 200
        are advised.
    all_pairs : bool
        Whether every layer is compared with every layer, or only layers of the same name.
    ids : iterable of str, optional
        The sample ids of the images.
    names : (str, str), optional
        The names of a and b, by default those of the recordings or of the classes of the models.
    reduce, keep, device, batch_size, folder, progress
        See `repdrift.record`.

    Returns
    -------
    Comparison
        `Comparison.table` is a tidy DataFrame with the columns first and second (names of layers), n, estimator and
        value. With permutations it also has null_mean, null_q95, p, p_max and calibrated, and with intervals low and
        high. `Comparison.heatmap` draws it. A value that is undefined is NaN, and a warning says why.

    Raises
    ------
    UserError
        It is a ValueError, with one line that says what is wrong with the models, images, layers or estimators.
    """
    patterns = [layers] if isinstance(layers, str) else layers
    sides = dict(enumerate(zip((a, b), _names(a, b, names), strict=True)))
    models = {
        side: Subject(given, name, patterns) for side, (given, name) in sides.items() if isinstance(given, nn.Module)
    }
    found = {side: _recording(given, name) for side, (given, name) in sides.items() if side not in models}
    if patterns is not None:
        found = {side: recording.chosen(patterns) for side, recording in found.items()}
    if models:
        if images is None:
            raise UserError(f"{sides[min(models)][1]} is a model: give the images on which it is recorded")
        settings = Settings(reduce, keep, device, batch_size, folder=folder)
        fitting = {pattern for each in found.values() for pattern in patterns or () if each.has(pattern)}
        recorded = record_together(
            list(models.values()), images, settings, ids=ids, progress=progress, elsewhere=fitting
        )
        found |= dict(zip(models, recorded, strict=True))
    comparison = compare_recordings(
        found[0],
        found[1],
        all_pairs=all_pairs,
        estimators=estimators,
        permutations=permutations,
        seed=seed,
        intervals=intervals,
    )
    for note in comparison.notes:
        warnings.warn(note, stacklevel=2)
    return comparison


def _names(a: Compared, b: Compared, names: tuple[str, str] | None) -> tuple[str, str]:
    """Return the names of both sides. Models of the same class are told apart by a number."""
    if names is not None:
        if isinstance(names, str) or len(names) != 2:
            raise UserError(f"names {names!r}: give two names, of the first and of the second model")
        return names[0], names[1]
    first, second = (
        type(given).__name__ if isinstance(given, nn.Module) else getattr(given, "name", "") for given in (a, b)
    )
    first, second = first or "first", second or "second"
    return (f"{first} 1", f"{second} 2") if first == second else (first, second)


def _recording(given: Any, name: str) -> Recording:  # noqa: ANN401  whatever a user gives
    """Return what was recorded elsewhere, under a name."""
    if isinstance(given, Recording):
        return replace(given, name=name)
    if isinstance(given, Mapping):
        return Recording(given, name=name)
    if isinstance(given, Tensor | Gram | np.ndarray):
        return Recording({"layer": as_representation(given, name)}, name=name)
    kind = "class" if isinstance(given, type) else type(given).__name__
    raise UserError(
        f"{name} is a {kind}; expected a torch.nn.Module, a Recording, a mapping of layers to arrays, or an array"
    )
