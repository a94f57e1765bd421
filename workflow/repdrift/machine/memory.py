"""A clear error for a training that runs out of memory, on the machine or on its GPU.

Every program imports this module, so it needs nothing heavy.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repdrift.errors import UserError

if TYPE_CHECKING:
    import torch

# On a CPU, the allocators of PyTorch and oneDNN raise a plain RuntimeError with one of the first texts in its message.
# On a GPU, PyTorch raises a kind of RuntimeError with the last one.
SIGNS = (
    "can't allocate memory",
    "Cannot allocate memory",
    "bad_alloc",
    "could not create a memory",
    "out of memory",
)


@contextmanager
def shortage_explained(batch_size: int, device: "torch.device") -> Iterator[None]:
    """Turn an error about a lack of memory into a UserError that says how to use less.

    Parameters
    ----------
    batch_size : int
        Number of images in a training step.
    device : torch.device
    """
    try:
        yield
    except Exception as error:
        if not is_shortage(error):
            raise
        fewer = (
            "let fewer jobs share it (`gpu` in profiles/gpu)"
            if device.type != "cpu"
            else "run fewer jobs at a time (snakemake --cores)"
        )
        raise UserError(
            f"not enough memory on {device.type} for batches of {batch_size} images: {fewer}, or set a "
            "smaller training.batch_size or fewer images"
        ) from None


def is_shortage(error: Exception) -> bool:
    """Return whether an error says that memory could not be allocated."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)
