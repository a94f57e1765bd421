"""The formats pt and pth: a dictionary of tensors, a tensor for each layer in their order, or one tensor.

The dictionary can have the sample ids under ``ids``: a list of texts or integers, or a tensor of integers.
"""

import warnings
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from repdrift.comparison.files.content import IDS, Content, Wanted, as_ids
from repdrift.errors import UserError

REFUSED = (
    "it is damaged, or has Python objects besides tensors, which are not loaded because they could run code "
    "(save a dictionary of tensors)"
)


def read(path: Path, wanted: Wanted) -> Content:
    """Read a file. Nothing but tensors, texts, numbers, lists and dictionaries is loaded."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of the protocol of a pickle
            found = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:  # its message has many lines
        raise UserError(REFUSED) from None
    if isinstance(found, Tensor):
        found = {path.stem: found}
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise UserError(f"it has a {type(found).__name__}; expected a dictionary of tensors by the names of layers")
    names = [name for name in found if name != IDS]
    ids = as_ids(found[IDS]) if IDS in found else None
    return Content(names, {name: found[name] for name in names if wanted(name)}, ids)
