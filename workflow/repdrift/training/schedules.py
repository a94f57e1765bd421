"""The learning rate at each step of a training."""

import math

from repdrift.specs import TrainingSettings
from repdrift.study.sections import CONSTANT, StepDecay


def is_constant(settings: TrainingSettings) -> bool:
    """Return whether all steps of a training have the same learning rate."""
    return settings.schedule == CONSTANT and settings.warmup == 0


def learning_rate(settings: TrainingSettings, steps_per_epoch: int, step: int) -> float:
    """Return the learning rate of a step of a training.

    During the warm-up of W steps it grows linearly: the first step has 1 / (W + 1) of the full learning rate, and the
    step after the warm-up has all of it. The schedule begins there, as with `torch.optim.lr_scheduler.SequentialLR`.
    A cosine falls from step to step and would be 0 at the step after the last one. A step decay changes the learning
    rate after whole epochs, counted from the end of the warm-up.

    Parameters
    ----------
    settings : TrainingSettings
    steps_per_epoch : int
    step : int
        The number of steps before this one.
    """
    warmup = settings.warmup * steps_per_epoch
    if step < warmup:
        return settings.learning_rate * (step + 1) / (warmup + 1)
    done = step - warmup
    if isinstance(settings.schedule, StepDecay):
        return settings.learning_rate * settings.schedule.factor ** (done // (settings.schedule.step * steps_per_epoch))
    if settings.schedule == CONSTANT:
        return settings.learning_rate
    return settings.learning_rate * (1 + math.cos(math.pi * done / (settings.steps - warmup))) / 2
