"""Evaluation of networks on uint8 images, in batches of 32, with batch normalisation (BN) in one of its modes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

BATCH = 32  # images in a batch of every evaluation, so that BN sees batches as large as in the paper


def in_batches(values: Tensor) -> tuple[Tensor, ...]:
    """Split values [N, ...] of images into batches of 32, in order. The last batch may be smaller.

    A single image that is left over joins the batch before it, because BN cannot normalise one image by its own
    statistics where maps are 1 x 1.
    """
    whole, left = divmod(len(values), BATCH)
    sizes = [BATCH] * whole + [left] * (left > 0)
    if left == 1 and whole:
        sizes[-2:] = [BATCH + 1]
    batches: tuple[Tensor, ...] = values.split(sizes)
    return batches


def batch_norms(network: nn.Module) -> list[BatchNorm]:
    """List the layers of batch normalisation of a network, of any number of dimensions."""
    return [module for module in network.modules() if isinstance(module, BatchNorm)]


@contextmanager
def in_eval_mode(network: nn.Module) -> Iterator[None]:
    """Put a network into eval mode inside a `with` block, and each of its modules into its own mode again after it."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def batch_statistics(network: nn.Module, norms: Sequence[BatchNorm] | None = None) -> Iterator[None]:
    """Make BN use the statistics of each batch, and leave its running statistics unchanged, inside a `with` block.

    `norms` are the layers of BN that do so; None is for all. All other layers are in eval mode, so dropout and
    stochastic depth are off.
    """
    tracking = {norm: norm.track_running_stats for norm in (batch_norms(network) if norms is None else norms)}
    with in_eval_mode(network):
        for norm in tracking:
            norm.train()
            norm.track_running_stats = False
        try:
            yield
        finally:
            for norm, tracked in tracking.items():
                norm.track_running_stats = tracked


@torch.inference_mode()
def evaluate(
    network: nn.Module, images: Tensor, labels: Tensor, norms: Sequence[BatchNorm] | None = None
) -> tuple[float, float]:
    """Measure the loss and the accuracy of a network.

    BN uses the statistics of each batch of 32 consecutive images, as the authors' evaluation does. Unlike theirs, it
    leaves the running statistics unchanged.

    Parameters
    ----------
    network : Module
        Returns logits [B, D] for images.
    images : uint8 [N, C, H, W]
    labels : int64 [N]
    norms : sequence of BatchNorm, optional
        The layers of BN that use the statistics of each batch, by default all. The others use their running statistics.

    Returns
    -------
    loss : float
        Mean cross-entropy in nats.
    accuracy : float
        In percent.
    """
    with batch_statistics(network, norms):
        return score(network, images, labels)


@torch.inference_mode()
def score(network: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Measure the loss and the accuracy as `evaluate` does, but leave BN in its present mode."""
    loss = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for batch, expected in zip(in_batches(images), in_batches(labels), strict=True):
        logits = network(batch)
        loss += functional.cross_entropy(logits, expected, reduction="sum")
        correct += (logits.argmax(1) == expected).sum()
    return loss.item() / len(labels), 100 * correct.item() / len(labels)
