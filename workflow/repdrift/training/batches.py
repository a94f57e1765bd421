"""The batches of a training, with all that is drawn for them.

Everything is drawn on the CPU at the beginning of an epoch, by the generator of the training, and then moved to the
device. So the state of the generator at the beginning of an epoch is all that a training needs to go on after any step.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from repdrift.specs import TrainingSettings
from repdrift.study.sections import Augmentation
from repdrift.training.augmentation import drawn
from repdrift.training.schedules import is_constant, learning_rate


class Batch(NamedTuple):
    """The inputs of a training step, on the device. What a training does without is None.

    Attributes
    ----------
    indices : int64 Tensor [B]
        The places of the images in the training set.
    learning_rate : Tensor [], optional
        None if it is constant.
    places : int64 Tensor [B, 3], optional
        The augmentation of the images, see `repdrift.training.augmentation.drawn`.
    seed : int, optional
        The seed of the step, for a network that draws random numbers.
    """

    indices: Tensor
    learning_rate: Tensor | None = None
    places: Tensor | None = None
    seed: int | None = None


class Batches:
    """The batches of a training.

    Parameters
    ----------
    images : int
        Number of training images.
    settings : TrainingSettings
    seeds : bool
        Whether each step needs a seed.
    device : torch.device
    """

    def __init__(self, images: int, settings: TrainingSettings, *, seeds: bool, device: torch.device) -> None:
        self.images, self.settings, self.seeds, self.device = images, settings, seeds, device
        self.steps_per_epoch = math.ceil(images / settings.batch_size)

    def of_epoch(self, first: int, generator: torch.Generator) -> list[Batch]:
        """Draw the batches of an epoch. The last epoch of a training may have fewer batches than the others.

        Parameters
        ----------
        first : int
            The number of steps before the epoch.
        generator : torch.Generator
            On the CPU.
        """
        order = torch.randperm(self.images, generator=generator)
        # Nothing else is drawn unless it is asked for: the order of plain trainings would change.
        places = None
        if self.settings.augmentation != Augmentation():
            places = drawn(self.settings.augmentation, self.images, generator)
        seeds = None
        if self.seeds:
            seeds = torch.randint(2**63 - 1, (self.steps_per_epoch,), generator=generator).tolist()
        indices = order.to(self.device).split(self.settings.batch_size)[: self.settings.steps - first]
        rates = self._learning_rates(first, len(indices))
        split = None if places is None else places.to(self.device).split(self.settings.batch_size)
        return [
            Batch(
                each,
                None if rates is None else rates[number],
                None if split is None else split[number],
                None if seeds is None else seeds[number],
            )
            for number, each in enumerate(indices)
        ]

    def example(self) -> Batch:
        """Return a batch of the usual size to try a step with. Its learning rate is that of the first step."""
        size = self.settings.batch_size
        rates = self._learning_rates(0, 1)
        return Batch(
            torch.arange(size, device=self.device) % self.images,
            None if rates is None else rates[0],
            None
            if self.settings.augmentation == Augmentation()
            else torch.zeros(size, 3, dtype=torch.int64).to(self.device),
        )

    def _learning_rates(self, first: int, count: int) -> Tensor | None:
        if is_constant(self.settings):
            return None
        steps = range(first, first + count)
        rates = [learning_rate(self.settings, self.steps_per_epoch, step) for step in steps]
        # The kernels for GPUs read a float32. With a float64, those for CPUs round as they do with a plain number.
        dtype = torch.float32 if self.device.type == "cuda" else torch.float64
        return torch.tensor(rates, dtype=dtype).to(self.device)
