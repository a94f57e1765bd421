"""Files of representations (safetensors): of each layer the features, or the inner products of its images.

The metadata of a file that `save` writes has under ``kept`` a JSON object with a description of each layer in their
order: ``{"pool1": {"kept": "gram", "images": 500, "width": 16384, ...}}``. A layer that is kept as ``features`` is one
tensor [n, p] of its name. A layer that is kept as a ``gram`` is the four tensors of a `repdrift.similarity.gram.Gram`:
``pool1/products`` and so on. Its products are the rows of the upper triangle one after the other, float64
[n (n + 1) / 2].

Any other safetensors file, with one tensor [n, ...] for each layer, is read too. Its metadata can have the names of the
layers in their order under ``layers``, separated by commas.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.gram import Gram, Representation

FEATURES, GRAM = "features", "gram"
PRODUCTS, *VECTORS = "products", "means", "along", "centre"


def save(path: Path, layers: Mapping[str, Representation], details: Mapping[str, Mapping[str, object]]) -> None:
    """Write representations of the same images to a file, in their order.

    Parameters
    ----------
    path : Path
    layers : mapping of str to Tensor or Gram [n, p]
    details : mapping of str to mapping
        What else the file says of each layer, as JSON.
    """
    tensors: dict[str, Tensor] = {}
    kept: dict[str, dict[str, object]] = {}
    for layer, x in layers.items():
        form = GRAM if isinstance(x, Gram) else FEATURES
        kept[layer] = {"kept": form, "images": x.shape[0], "width": x.shape[1], **details[layer]}
        tensors |= _of_gram(layer, x) if isinstance(x, Gram) else {layer: x.contiguous()}
    # safetensors sorts the tensors in its own way, so the metadata keeps the order of the layers. It has one key, since
    # safetensors writes several in an order that changes from run to run.
    save_file(tensors, path, metadata={"kept": json.dumps(kept)})


def layers_of(path: Path) -> list[str]:
    """Return the names of the layers in a file, in the order that its metadata gives, if any.

    Raises
    ------
    UserError
        If the file cannot be read as a safetensors file.
    """
    with _opened(path) as file:
        kept = _kept(file)
        order = list(kept) or (file.metadata() or {}).get("layers", "").split(",")
        parts = {_part(layer, part) for layer in kept for part in (PRODUCTS, *VECTORS)}
        names = {*kept, *(set(file.keys()) - parts)}
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def load(path: Path, layer: str) -> Representation:
    """Read a layer from a file. Features [n, ...] are flattened.

    Raises
    ------
    UserError
        If the file cannot be read as a safetensors file, or the layer is not of floats with at least two dimensions.
    """
    with _opened(path) as file:
        kept = _kept(file).get(layer, {})
        if kept.get("kept") == GRAM:
            products = _unpacked(file.get_tensor(_part(layer, PRODUCTS)), kept["images"])
            means, along, centre = (file.get_tensor(_part(layer, part)) for part in VECTORS)
            return Gram(products, means, along, centre, kept["width"])
        values: Tensor = file.get_tensor(layer)
    if values.ndim < 2 or not values.is_floating_point():
        raise UserError(f"{path}: {layer} is {values.dtype} {tuple(values.shape)}; expected floats [n, p]")
    return values.flatten(1)


def _opened(path: Path) -> Any:  # noqa: ANN401
    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read as a safetensors file: {error}") from None


def _kept(file: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    found: dict[str, dict[str, Any]] = json.loads((file.metadata() or {}).get("kept", "{}"))
    return found


def _part(layer: str, part: str) -> str:
    return f"{layer}/{part}"


def _of_gram(layer: str, x: Gram) -> dict[str, Tensor]:
    packed = x.products[_upper(len(x))]
    return {_part(layer, PRODUCTS): packed, **{_part(layer, part): getattr(x, part) for part in VECTORS}}


def _unpacked(packed: Tensor, images: int) -> Tensor:
    """Return the symmetric matrix [n, n] whose upper triangle is given."""
    products = packed.new_zeros(images, images)
    products[_upper(images)] = packed
    return products + products.triu(diagonal=1).T


def _upper(images: int) -> Tensor:
    return torch.ones(images, images, dtype=torch.bool).triu()
