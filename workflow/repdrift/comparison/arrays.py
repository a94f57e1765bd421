"""Arrays of other libraries as representations."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.gram import Gram, Representation

NEEDED = "expected numbers [images, units], in a torch tensor or a numpy array"
EXACT = (torch.uint8, torch.int8, torch.int16)  # integers that float32 holds exactly


def as_representation(values: Any, name: str) -> Representation:  # noqa: ANN401  whatever a user gives
    """Return values [n, ...] as floats [n, p]; inner products stay as they are.

    Floats keep their type. Integers become floats that hold them exactly.

    Raises
    ------
    UserError
        If they are no real numbers, or have fewer than two dimensions. `name` is their name in the message.
    """
    if isinstance(values, Gram):
        return values
    tensor = values.detach() if isinstance(values, Tensor) else _of_array(values, name)
    if tensor.ndim < 2 or not tensor.numel() or tensor.is_complex() or tensor.layout != torch.strided:
        raise UserError(f"{name} is {tensor.dtype} of shape {list(tensor.shape)}: {NEEDED}")
    if not tensor.is_floating_point():
        tensor = tensor.to(torch.float32 if tensor.dtype in (torch.bool, *EXACT) else torch.float64)
    return tensor.flatten(1)


def _of_array(values: Any, name: str) -> Tensor:  # noqa: ANN401
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            raise TypeError
        # Torch takes no arrays of another byte order, or of more than 64 bits; it warns of arrays that are read-only.
        native = array.astype(np.float64 if array.dtype.itemsize > 8 else array.dtype.newbyteorder("="), copy=False)
        return torch.from_numpy(np.require(native, requirements=["C", "W"]))
    except (TypeError, ValueError):
        raise UserError(f"{name} is a {type(values).__name__}: {NEEDED}") from None
