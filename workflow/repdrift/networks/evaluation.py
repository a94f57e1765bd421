"""How networks are evaluated: on uint8 images, in batches of 32, with batch normalisation in one of its modes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH = 32  # of every evaluation: BN then sees batches of the size that the paper's network sees


@contextmanager
def batch_statistics(network: nn.Module) -> Iterator[None]:
    """Let batch normalisation use the statistics of each batch, without touching its running statistics."""
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
    """Mean cross-entropy in nats and accuracy in percent on images uint8 [N, C, H, W], labels int64 [N].

    BN uses the statistics of consecutive batches of 32, as the authors' evaluation does, but stays unpolluted.
    """
    with batch_statistics(network):
        return score(network, images, labels)


@torch.inference_mode()
def score(network: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """`evaluate` with batch normalisation in the mode that it is in."""
    loss = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    for batch, expected in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        logits = network(normalise(batch))["logits"]
        loss += functional.cross_entropy(logits, expected, reduction="sum")
        correct += (logits.argmax(1) == expected).sum()
    return loss.item() / len(labels), 100 * correct.item() / len(labels)


def normalise(images: Tensor) -> Tensor:
    """Scale uint8 images [B, C, H, W] to float32 in -1..1, as the authors do: ToTensor, then mean .5, deviation .5."""
    return images.to(torch.float32).div_(255).sub_(0.5).div_(0.5)
