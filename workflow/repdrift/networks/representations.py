"""Reading the representations of all layers of a network on the images of a probe, in bounded memory.

The images pass through the network once. Features that would take too much memory go to temporary files, from which the
inner products of the images follow block by block. To compute these products without files, the images would have to
pass once for each part of the features that fits in memory: more than ten times for a ResNet-50 and 2,000 images.
"""

import copy
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor

from repdrift.networks.collecting import Held, Spill
from repdrift.networks.evaluation import batch_norms, batch_statistics, in_batches
from repdrift.networks.network import Network
from repdrift.networks.reduction import reduced
from repdrift.similarity.compact import gram_is_smaller
from repdrift.similarity.gram import Representation
from repdrift.study.architectures import NONE
from repdrift.study.description import IN_MEMORY


@torch.inference_mode()
def representations(
    network: Network,
    images: Tensor,
    calibration: Tensor | None = None,
    *,
    reduce: str = NONE,
    folder: Path | None = None,
) -> dict[str, Representation]:
    """Return the representations of all layers by name.

    Parameters
    ----------
    network : Network
        It is not changed.
    images : uint8 [n, C, H, W]
        The probe. It is read in file order, in the batches of `repdrift.networks.evaluation.in_batches`.
    calibration : uint8 [m, C, H, W], optional
        Images on which the BN statistics are re-estimated and then held fixed. All compared networks need the same.
        With None, BN uses the statistics of each batch of the probe, as the authors' code does.
    reduce : str
        How a layer with positions is reduced, see `repdrift.networks.reduction.reduced`.
    folder : Path, optional
        The folder of temporary files. None is for the system's.

    Returns
    -------
    dict of str to float32 Tensor [n, p] or Gram
        On the CPU. Rows are in the order of the images. The widest layers are inner products if the features of all
        layers would take more than 512 MB.

    Raises
    ------
    UserError
        If a layer cannot be reduced so, or the disk of the temporary files is full.
    """
    if calibration is None:
        with batch_statistics(network):
            return read(network, images, reduce=reduce, folder=folder)
    return read(calibrated(network, calibration), images, reduce=reduce, folder=folder)


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
    for batch in in_batches(images):
        network(batch)
    return network.eval()


@torch.inference_mode()
def read(
    network: Network, images: Tensor, *, reduce: str = NONE, folder: Path | None = None
) -> dict[str, Representation]:
    """Return the representations as `representations` does, but leave BN in its present mode."""
    layers: dict[str, Held | Spill] = {}
    with ExitStack() as files:
        for batch in _batches(network, images, reduce):
            if not layers:
                widths = {layer: values.shape[1] for layer, values in batch.items()}
                wide = _too_wide(widths, len(images))
                for layer, width in widths.items():
                    held = layer not in wide
                    layers[layer] = Held(len(images), width) if held else files.enter_context(Spill(width, folder))
            for layer, values in batch.items():
                layers[layer].add(values)
        return {layer: collected.result() for layer, collected in layers.items()}


def shapes(network: Network, images: Tensor) -> dict[str, list[int]]:
    """Return the shape of each layer for one image, before it is reduced and flattened."""
    with batch_statistics(network), torch.inference_mode():
        return {layer: list(values.shape[1:]) for layer, values in network.read_layers(images[:2]).items()}


@torch.inference_mode()
def read_layer(network: Network, images: Tensor, layer: str) -> Tensor:
    """Return the features float32 [n, p] of one layer, on the CPU. Leave BN in its present mode."""
    return torch.cat([batch[layer] for batch in _batches(network, images, NONE)])


def _batches(network: Network, images: Tensor, reduce: str) -> Iterator[dict[str, Tensor]]:
    """Yield the features float32 [B, p] of all layers on each batch of 32 images, on the CPU."""
    for batch in in_batches(images):
        layers = network.read_layers(batch)
        yield {layer: reduced(values, reduce, layer).to("cpu", torch.float32) for layer, values in layers.items()}


def _too_wide(widths: dict[str, int], images: int) -> set[str]:
    """Return the layers whose features are not held in memory: the widest, and as few as can be."""
    found, size = set(), 0
    for layer, width in sorted(widths.items(), key=lambda item: item[1]):
        size += 4 * images * width
        if size > IN_MEMORY and gram_is_smaller(images, width):
            found.add(layer)
    return found
