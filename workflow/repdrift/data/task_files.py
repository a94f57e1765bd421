"""Reading the images and labels of tasks and probes from the files of a study."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from repdrift.data.shuffle import shuffled
from repdrift.study.tasks import Part


def load_part(images_path: Path, task_path: Path, part: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Read the images and labels of one part of a task.

    Parameters
    ----------
    images_path : Path
        The images of the split that the part belongs to.
    task_path : Path
        The labels and the numbers of the images of the task for one seed (npz).
    part : str
        ``train`` or ``test``.
    device : torch.device

    Returns
    -------
    images : uint8 [N, 3, H, W], channels_last
    labels : int64 [N]
    """
    with np.load(task_path) as arrays:
        index, labels = arrays[f"{part}_index"], torch.from_numpy(arrays[f"{part}_label"])
        pixels = torch.from_numpy(arrays["pixels"]) if "pixels" in arrays else None
    with safe_open(images_path, framework="pt") as file:
        images = file.get_slice("images")[int(index[0]) : int(index[-1]) + 1]
    if len(images) > len(index):
        images = images[torch.from_numpy(index - index[0])]
    if pixels is not None:
        images = shuffled(images, pixels)
    return images.to(device).contiguous(memory_format=torch.channels_last), labels.to(device)


def load_labels(task_path: Path, part: str, *, true: bool) -> Tensor:
    """Read the labels int64 [N] of the ``train`` or ``test`` part of a task: the true ones, or those it trains on."""
    with np.load(task_path) as arrays:
        return torch.from_numpy(arrays[f"{part}_true_label" if true else f"{part}_label"])


def load_images(path: Path, part: Part, device: torch.device) -> Tensor:
    """Read the images uint8 [n, 3, H, W] (channels_last) of a range of a split."""
    with safe_open(path, framework="pt") as file:
        images: Tensor = file.get_slice("images")[part.start : part.stop]
    return images.to(device).contiguous(memory_format=torch.channels_last)


def load_probe(
    paths: Sequence[Path], probe: Part, calibration: Part | None, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """Read the images of a probe, and the calibration images if there are any.

    Parameters
    ----------
    paths : sequence of Path
        The file of the calibration images, then the file of the probe. The first is not read without calibration.
    probe : Part
    calibration : Part, optional
    device : torch.device

    Returns
    -------
    probe : uint8 [n, 3, H, W]
    calibration : uint8 [m, 3, H, W] or None
    """
    calibration_path, probe_path = paths
    images = load_images(probe_path, probe, device)
    return images, load_images(calibration_path, calibration, device) if calibration else None
