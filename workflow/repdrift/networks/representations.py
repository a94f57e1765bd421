"""Reading representations: every layer of a network on the probe images."""

import copy

import torch
from torch import Tensor, nn

from repdrift.networks.evaluation import BATCH, batch_statistics, normalise


@torch.inference_mode()
def representations(network: nn.Module, images: Tensor, calibration: Tensor | None = None) -> dict[str, Tensor]:
    """Representation float32 [n, p] of every layer, on the CPU, rows in the order of the images.

    Parameters
    ----------
    network : Module
        Its weights and running statistics are left as they are.
    images : uint8 [n, C, H, W]
        The probe. Batches of 32 in file order; the last may be smaller.
    calibration : uint8 [m, C, H, W], optional
        None: batch normalisation uses the statistics of each batch of the probe, as the authors' code does. Images:
        its statistics are estimated anew on them, the same for every network compared, and then held fixed.
    """
    if calibration is None:
        with batch_statistics(network):
            return read(network, images)
    return read(calibrated(network, calibration), images)


@torch.inference_mode()
def calibrated(network: nn.Module, images: Tensor) -> nn.Module:
    """Copy a network, with BN statistics that are the mean over batches of 32 of these images, in eval mode."""
    network = copy.deepcopy(network).train()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # a plain mean over batches, not an exponential one
    for batch in images.split(BATCH):
        network(normalise(batch))
    return network.eval()


@torch.inference_mode()
def read(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """`representations` of a network in the mode that it is in."""
    parts: dict[str, list[Tensor]] = {}
    for batch in images.split(BATCH):
        for layer, values in network(normalise(batch)).items():
            parts.setdefault(layer, []).append(values.flatten(1).to("cpu", torch.float32))
    return {layer: torch.cat(values).contiguous() for layer, values in parts.items()}
