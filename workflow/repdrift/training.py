"""Training: plain SGD over a data set that lives on the device as one tensor; batches are index selections."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from repdrift.errors import UserError

BATCH = 32  # of every evaluation: BN then sees batches of the size that the paper's network sees


@dataclass(frozen=True)
class Settings:
    """Settings of one training (the paper's values; none has a default here, the config gives them).

    `steps` is the length in SGD steps; the last epoch is cut where they end. `test_every` is in epochs.
    """

    learning_rate: float
    momentum: float
    weight_decay: float
    batch_size: int
    steps: int
    test_every: int


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave: mean loss and accuracies in percent; `train_accuracy` is that of the training batches.

    An accuracy that was not measured is None. Epoch 0 is the network before training.
    """

    epoch: int
    step: int
    train_loss: float | None
    train_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None


def normalise(images: Tensor) -> Tensor:
    """Scale uint8 images [B, C, H, W] to float32 in -1..1, as the authors do: ToTensor, then mean .5, deviation .5."""
    return images.to(torch.float32).div_(255).sub_(0.5).div_(0.5)


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
    loss = torch.zeros((), device=images.device)
    correct = torch.zeros((), dtype=torch.int64, device=images.device)
    with batch_statistics(network):
        for batch, expected in zip(images.split(BATCH), labels.split(BATCH), strict=True):
            logits = network(normalise(batch))["logits"]
            loss += functional.cross_entropy(logits, expected, reduction="sum")
            correct += (logits.argmax(1) == expected).sum()
    return loss.item() / len(labels), 100 * correct.item() / len(labels)


def train(
    network: nn.Module,
    train_set: tuple[Tensor, Tensor],
    test_set: tuple[Tensor, Tensor],
    settings: Settings,
    *,
    generator: torch.Generator,
    after_epoch: Callable[[Epoch], None],
) -> None:
    """Train a network in place with SGD and cross-entropy; no augmentation, constant learning rate.

    Parameters
    ----------
    network : Module
        Gives ``{"logits": [B, D], ...}`` for float32 images [B, C, H, W]; on the device of the data.
    train_set, test_set : (uint8 [N, C, H, W], int64 [N])
        Images and labels, resident on the device, images in channels_last.
    generator : torch.Generator
        Draws the order of the images, once an epoch, on the CPU.
    after_epoch : function
        Is called with each finished epoch, 0 (before training) included; the network then holds its weights.

    Raises
    ------
    UserError
        At the first loss that is not finite, with its epoch, step and learning rate.
    """
    images, labels = train_set
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    steps_per_epoch = math.ceil(len(labels) / settings.batch_size)
    epochs = math.ceil(settings.steps / steps_per_epoch)
    after_epoch(Epoch(0, 0, *evaluate(network, images, labels), *evaluate(network, *test_set)))
    network.train()
    step = 0
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(labels), generator=generator).to(images.device)
        batches = order.split(settings.batch_size)[: settings.steps - step]
        # Losses stay on the device until the epoch ends: reading one each step would wait for the GPU each time.
        losses = torch.zeros(len(batches), device=images.device)
        correct = torch.zeros((), dtype=torch.int64, device=images.device)
        for number, batch in enumerate(batches):
            expected = labels[batch]
            logits = network(normalise(images[batch]))["logits"]
            loss = functional.cross_entropy(logits, expected)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            losses[number] = loss.detach()
            correct += (logits.detach().argmax(1) == expected).sum()
        _refuse_not_finite(losses, epoch, step, settings.learning_rate)
        step += len(batches)
        seen = sum(len(batch) for batch in batches)
        sizes = torch.tensor([len(batch) for batch in batches], device=losses.device)
        last = epoch == epochs
        tested = epoch % settings.test_every == 0 or last
        test_loss, test_accuracy = evaluate(network, *test_set) if tested else (None, None)
        train_loss = (losses.double() * sizes).sum().item() / seen
        after_epoch(Epoch(epoch, step, train_loss, 100 * correct.item() / seen, test_loss, test_accuracy))


def _refuse_not_finite(losses: Tensor, epoch: int, steps_before: int, learning_rate: float) -> None:
    wrong = (~torch.isfinite(losses)).nonzero()
    if len(wrong):
        step = steps_before + int(wrong[0]) + 1
        raise UserError(
            f"the loss is not finite at epoch {epoch}, step {step} (learning rate {learning_rate}): "
            "lower the learning rate"
        )
