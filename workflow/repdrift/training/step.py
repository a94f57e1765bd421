"""A training step as a function of a batch."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from repdrift.specs import TrainingSettings
from repdrift.training.augmentation import augmented
from repdrift.training.batches import Batch
from repdrift.training.optimizers import OPTIMIZERS
from repdrift.training.randomness import seeded


class Step:
    """A step of an optimiser on the cross-entropy of a batch.

    Parameters
    ----------
    network : Module
        Returns logits [B, D] for images. The weights that require gradients are trained; a weight that the forward pass
        does not use has a gradient of 0.
    images, labels : uint8 [N, C, H, W], int64 [N]
        The training set, on the device of the network.
    settings : TrainingSettings
        If its precision is ``bfloat16``, the forward pass uses bfloat16 where that is safe. Weights, gradients and
        updates stay float32.

    Attributes
    ----------
    optimizer : Optimizer
    """

    def __init__(self, network: nn.Module, images: Tensor, labels: Tensor, settings: TrainingSettings) -> None:
        self.network, self.images, self.labels, self.settings = network, images, labels, settings
        self.autocast = settings.precision == "bfloat16"
        self.weights = [each for each in network.parameters() if each.requires_grad]
        self.optimizer = OPTIMIZERS[settings.optimizer](self.weights, settings)

    @property
    def changed(self) -> list[Tensor]:
        """The tensors that a step changes in place."""
        return [*self.network.parameters(), *self.network.buffers(), *self.optimizer.state]

    def __call__(self, batch: Batch) -> Tensor:
        """Take a step on a batch.

        Return float32 [2]: the mean loss of the batch in nats and the number of correct answers, both before the step.
        """
        images, expected = self.images[batch.indices], self.labels[batch.indices]
        if batch.places is not None:
            images = augmented(images, batch.places, self.settings.augmentation.crop)
        device = images.device
        with seeded(batch.seed, device), torch.autocast(device.type, torch.bfloat16, enabled=self.autocast):
            logits = self.network(images)
            loss = functional.cross_entropy(logits, expected, label_smoothing=self.settings.label_smoothing)
        gradients = torch.autograd.grad(loss, self.weights, allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            rate = self.settings.learning_rate if batch.learning_rate is None else batch.learning_rate
            self.optimizer.step(gradients, rate)
            correct = (logits.argmax(1) == expected).sum()
        return torch.stack([loss.detach(), correct.to(loss.dtype)])
