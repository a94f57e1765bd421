"""When the memory of the machine or of the GPU does not suffice for a training: one line that says how to need less."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from repdrift.errors import UserError

# How PyTorch's and oneDNN's allocators put it on a CPU, where they raise nothing more special than a RuntimeError.
SIGNS = ("can't allocate memory", "Cannot allocate memory", "bad_alloc", "could not create a memory")


@contextmanager
def shortage_explained(batch_size: int, device: torch.device) -> Iterator[None]:
    """Turn a lack of memory into a UserError.

    Parameters
    ----------
    batch_size : int
        Number of images of a training step.
    device : torch.device
    """
    try:
        yield
    except Exception as error:
        if not is_shortage(error):
            raise
        fewer = (
            "train fewer networks on it at a time (`pack` in profiles/gpu)"
            if isinstance(error, torch.OutOfMemoryError)
            else "run fewer jobs at a time (snakemake --cores)"
        )
        raise UserError(
            f"not enough memory on {device.type} for batches of {batch_size} images: {fewer}, or set a "
            "smaller training.batch_size or fewer images"
        ) from None


def is_shortage(error: Exception) -> bool:
    """Whether an error says that memory could not be had."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)
