"""Evaluation of networks on uint8 images, in batches of 32, with batch normalisation (BN) in one of its modes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH = 32  # images in a batch of every evaluation, so that BN sees batches as large as in the paper


@contextmanager
def batch_statistics(network: nn.Module) -> Iterator[None]:
    """Make BN use the statistics of each batch, and leave its running statistics unchanged, inside a `with` block."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    was_training = network.training
    network.train()
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
        network.train(was_training)


@torch.inference_mode()
def evaluate(network: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Measure the loss and the accuracy of a network.

    BN uses the statistics of each batch of 32 consecutive images, as the authors' evaluation does. Unlike theirs, it
    leaves the running statistics unchanged.

    Parameters
    ----------
    network : Module
    images : uint8 [N, C, H, W]
    labels : int64 [N]

    Returns
    -------
    loss : float
        Mean cross-entropy in nats.
    accuracy : float
        In percent.
    """
    with batch_statistics(network):
        return score(network, images, labels)


@torch.inference_mode()
def score(network: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Measure the loss and the accuracy as `evaluate` does, but leave BN in its present mode."""
    loss = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for batch, expected in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        logits = network(normalise(batch))["logits"]
        loss += functional.cross_entropy(logits, expected, reduction="sum")
        correct += (logits.argmax(1) == expected).sum()
    return loss.item() / len(labels), 100 * correct.item() / len(labels)


def normalise(images: Tensor) -> Tensor:
    """Scale uint8 images [B, C, H, W] to float32 in -1..1.

    The authors do the same by torchvision's ``ToTensor`` and ``Normalize`` with mean 0.5 and standard deviation 0.5.
    """
    return images.to(torch.float32).div_(255).sub_(0.5).div_(0.5)
