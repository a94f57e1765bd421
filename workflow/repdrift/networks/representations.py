"""Reading the representations of all layers of a network on the images of a probe."""

import copy

import torch
from torch import Tensor

from repdrift.networks.evaluation import BATCH, batch_norms, batch_statistics
from repdrift.networks.network import Network


@torch.inference_mode()
def representations(network: Network, images: Tensor, calibration: Tensor | None = None) -> dict[str, Tensor]:
    """Return the representations of all layers by name.

    Parameters
    ----------
    network : Network
        It is not changed.
    images : uint8 [n, C, H, W]
        The probe. It is read in batches of 32 images in file order; the last batch may be smaller.
    calibration : uint8 [m, C, H, W], optional
        Images on which the BN statistics are re-estimated and then held fixed. All compared networks need the same.
        With None, BN uses the statistics of each batch of the probe, as the authors' code does.

    Returns
    -------
    dict of str to float32 Tensor [n, p]
        On the CPU. Rows are in the order of the images.
    """
    if calibration is None:
        with batch_statistics(network):
            return read(network, images)
    return read(calibrated(network, calibration), images)


@torch.inference_mode()
def calibrated(network: Network, images: Tensor) -> Network:
    """Return a copy of a network in eval mode, with BN statistics re-estimated on images uint8 [m, C, H, W].

    The statistics are the mean over the batches of 32 images.
    """
    network = copy.deepcopy(network).eval()
    for norm in batch_norms(network):
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # PyTorch then takes the plain mean over batches, not an exponential moving average
    for batch in images.split(BATCH):
        network(batch)
    return network.eval()


@torch.inference_mode()
def read(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Return the representations as `representations` does, but leave BN in its present mode."""
    parts: dict[str, list[Tensor]] = {}
    for batch in images.split(BATCH):
        for layer, values in network.read_layers(batch).items():
            parts.setdefault(layer, []).append(values.flatten(1).to("cpu", torch.float32))
    return {layer: torch.cat(values).contiguous() for layer, values in parts.items()}
