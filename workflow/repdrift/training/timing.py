"""The processor time of training and of forward passes on this machine, measured by a handful of them."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch

from repdrift.machine.devices import keep_large_allocations
from repdrift.networks.building import build
from repdrift.networks.evaluation import BATCH, batch_statistics
from repdrift.specs import TrainingSettings
from repdrift.training.training import Training

REPEATS = 3


def seconds_per_step(network: Mapping[str, Any], settings: TrainingSettings) -> float:
    """Return the processor time in seconds of a training step on one core of the CPU.

    Parameters
    ----------
    network : mapping
        The settings of the network, see `repdrift.networks.building.build`.
    settings : TrainingSettings
        Those of the training. Its length does not matter.
    """
    _as_in_a_job()
    made = build(network)
    size, image = settings.batch_size, made.image
    images = torch.randint(0, 256, (size, *image), dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, network["classes"], (size,))
    training = Training(made, (images, labels), (images, labels), settings, torch.Generator().manual_seed(0))
    return timed(lambda: training.take_step(training.example()))


def seconds_per_image(network: Mapping[str, Any]) -> float:
    """Return the processor time in seconds of reading all layers for one image, on one core of the CPU."""
    _as_in_a_job()
    made = build(network)
    images = torch.randint(0, 256, (BATCH, *made.image), dtype=torch.uint8)
    with torch.inference_mode(), batch_statistics(made):
        return timed(lambda: made.read_layers(images)) / BATCH


def _as_in_a_job() -> None:
    torch.set_num_threads(1)
    keep_large_allocations()


def timed(function: Callable[[], object]) -> float:
    """Return the median of the processor time of some calls in seconds, after a first call that is not counted."""
    function()
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        function()
        times.append(time.process_time() - began)
    return median(times)
