"""Networks that draw random numbers in training, such as those with dropout or stochastic depth.

They draw from generators that the whole process shares. Each of their training steps is therefore given a seed of its
own, which the training draws with the order of the images. So it does not matter which other trainings share the
process, and a training that goes on after any step draws the same numbers again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def draws(network: nn.Module, images: Tensor) -> bool:
    """Return whether a network, in the mode it is in, draws from PyTorch's generators. It is tried, and left as it was.

    Parameters
    ----------
    network : Module
    images : uint8 Tensor [N, C, H, W]
        Images on the device of the network. Only the first is used.
    """
    device, twice = images.device, images[:1].repeat(2, 1, 1, 1)  # batch normalisation needs two images
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with torch.random.fork_rng(_gpus(device)), torch.no_grad():
        before = _states(device)
        network(twice)
        after = _states(device)
        for name, buffer in network.named_buffers():
            buffer.copy_(buffers[name])
    return any(not torch.equal(*pair) for pair in zip(before, after, strict=True))


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Give PyTorch's generators a seed inside a `with` block, and their own states back after it. None does nothing."""
    with torch.random.fork_rng(_gpus(device), enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        yield


def _gpus(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []


def _states(device: torch.device) -> list[Tensor]:
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state(gpu) for gpu in _gpus(device))]
