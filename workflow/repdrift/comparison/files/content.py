"""What a file of representations has, whatever its format."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from repdrift.errors import UserError

IDS = "ids"  # the name of the tensor, array, dataset or column of the sample ids

Wanted = Callable[[str], bool]  # tells whether the layer of a name is to be read


@dataclass(frozen=True)
class Content:
    """What is read from a file.

    Attributes
    ----------
    names : list of str
        The names of all layers in the file, in their order.
    layers : dict
        The layers that were wanted, in their order: a Tensor, a `repdrift.similarity.gram.Gram` or an array of numpy.
    ids : tuple of str, optional
        The sample ids of the rows.
    """

    names: list[str]
    layers: dict[str, Any]
    ids: tuple[str, ...] | None = None


def as_ids(values: Any) -> tuple[str, ...]:  # noqa: ANN401  what a file has
    """Return sample ids as texts. A number is the same id as its decimal digits.

    Raises
    ------
    UserError
        If they are not one list of texts or integers.
    """
    array = values.numpy() if isinstance(values, Tensor) else np.asarray(values)
    found: list[object] = array.tolist() if array.ndim == 1 else []
    texts = [each.decode() if isinstance(each, bytes) else each for each in found]
    if array.ndim != 1 or not all(isinstance(each, str | int) for each in texts):
        raise UserError(f"the sample ids ({IDS}) are {array.dtype} {list(array.shape)}; expected texts or integers [n]")
    return tuple(map(str, texts))


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Return names in the order that a file's metadata gives. Those that it lacks follow in their own order."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(names, key=lambda name: places.get(name, len(places)))
