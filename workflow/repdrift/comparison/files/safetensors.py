"""The format safetensors: a tensor for each layer. The files of activations that a study makes are read too.

The metadata can have the names of the layers in their order under ``layers``, separated by commas. Without them, the
order is that of the alphabet, because safetensors keeps no order. Sample ids are a tensor of integers of the name
``ids``, or a JSON list of texts under ``ids`` in the metadata.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from repdrift.comparison.files.content import IDS, Content, Wanted, as_ids
from repdrift.similarity.files import layers_of, load


def read(path: Path, wanted: Wanted) -> Content:
    """Read a file."""
    names = [name for name in layers_of(path) if name != IDS]
    with safe_open(path, framework="pt") as file:
        tensors = set(file.keys())
        # Of a layer whose inner products are kept, there is no tensor of its name.
        layers = {
            name: file.get_tensor(name) if name in tensors else load(path, name) for name in names if wanted(name)
        }
        return Content(names, layers, _ids(file, tensors))


def _ids(file: Any, tensors: set[str]) -> tuple[str, ...] | None:  # noqa: ANN401
    if IDS in tensors:
        return as_ids(file.get_tensor(IDS))
    written = (file.metadata() or {}).get(IDS)
    return None if written is None else as_ids(json.loads(written))
