"""Images in any form, as batches: a tensor, an array, a data set, a loader, or any iterable of batches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from repdrift.errors import UserError

IMAGES = ("images", "image", "pixel_values", "inputs", "input", "x")  # keys of a batch that is a mapping
IDS = ("ids", "id")
NEEDED = "expected a tensor [images, ...], a DataLoader, or an iterator of batches"


@dataclass(frozen=True, eq=False)
class Batch:
    """Images [B, ...], and their sample ids if they have any."""

    images: Tensor
    ids: tuple[str, ...] | None = None


def batches(images: Any, size: int) -> Iterator[Batch]:  # noqa: ANN401  whatever a user gives
    """Yield the batches of some images, in their order.

    Parameters
    ----------
    images : Tensor or array [n, ...], DataLoader, Dataset, or iterable of batches
        A batch is a tensor or an array [B, ...]; a tuple or list (images, labels) or (images, labels, ids), of which
        the labels are not used; or a mapping with the images under one of the keys `IMAGES`, and perhaps the ids under
        one of `IDS`.
    size : int
        Number of images in a batch, of a tensor, an array or a data set.

    Raises
    ------
    UserError
        If there are no images, or they are of another form.
    """
    if size < 1:
        raise UserError(f"batch_size {size}: at least 1 image is needed")
    found = False
    for batch in _parts(images, size):
        found = True
        yield _batch(batch)
    if not found:
        raise UserError("there are no images: the loader or iterator is empty, or was used up before")


def count(images: Any) -> int | None:  # noqa: ANN401
    """Return the number of images, if it is known in advance."""
    if isinstance(images, Tensor | np.ndarray):
        return len(images)
    try:
        if isinstance(images, DataLoader):
            sampled = images.sampler if images.batch_sampler is not None else images.dataset
            return len(sampled)  # type: ignore[arg-type]
        return len(images) if isinstance(images, Dataset) else None  # type: ignore[arg-type]
    except TypeError:  # it is as long as what it iterates over
        return None


def _parts(images: Any, size: int) -> Iterable[Any]:  # noqa: ANN401
    if isinstance(images, Tensor | np.ndarray):
        tensor = torch.as_tensor(images)
        if tensor.ndim < 2:
            raise UserError(f"the images have the shape {list(tensor.shape)}: {NEEDED}")
        return tensor.split(size) if len(tensor) else ()
    if isinstance(images, Dataset) and not isinstance(images, IterableDataset):
        return DataLoader(images, batch_size=size)
    if isinstance(images, str | bytes | Mapping) or not isinstance(images, Iterable):
        raise UserError(f"the images are a {type(images).__name__}: {NEEDED}")
    return images


def _batch(given: Any) -> Batch:  # noqa: ANN401
    ids: Any = None
    images = given
    if isinstance(given, Mapping):
        keys = [key for key in IMAGES if key in given]
        if not keys:
            raise UserError(
                f"a batch has the keys {', '.join(map(str, given))}: expected images under one of {', '.join(IMAGES)}"
            )
        images = given[keys[0]]
        ids = next((given[key] for key in IDS if key in given), None)
    elif isinstance(given, tuple | list):
        images = given[0] if given else None
        ids = given[2] if len(given) == 3 else None
    if not isinstance(images, Tensor | np.ndarray) or images.ndim < 2:
        what = f"{type(images).__name__} of shape {list(images.shape)}" if hasattr(images, "shape") else type(images)
        raise UserError(f"the images of a batch are a {what}: expected a tensor or an array [images, ...]")
    tensor = torch.as_tensor(images)
    return Batch(tensor, None if ids is None else _texts(ids, len(tensor)))


def _texts(ids: Any, images: int) -> tuple[str, ...]:  # noqa: ANN401
    texts = tuple(map(str, ids.tolist() if hasattr(ids, "tolist") else ids))
    if len(texts) != images:
        raise UserError(f"a batch of {images} images has {len(texts)} sample ids: expected one for each image")
    return texts
