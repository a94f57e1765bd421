"""The format HDF5: a dataset for each layer. One in a group has the name ``group/dataset``.

The order of the layers is that of the attribute ``layers`` of the file, which is a list of names. Without it, the order
is that in which they were written if the file was made with ``track_order=True``, and otherwise that of the alphabet.
The dataset ``ids`` has the sample ids: texts or integers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from repdrift.comparison.files.content import IDS, Content, Wanted, as_ids, in_order


def read(path: Path, wanted: Wanted) -> Content:
    """Read a file."""
    with h5py.File(path, "r") as file:
        found = dict(_datasets(file))
        ids = found.pop(IDS, None)
        order = [name.decode() if isinstance(name, bytes) else str(name) for name in file.attrs.get("layers", ())]
        names = in_order(found, order)
        layers = {name: found[name][()] for name in names if wanted(name)}
        return Content(names, layers, None if ids is None else as_ids(ids[()]))


def _datasets(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  h5py has no types
    for name, found in group.items():
        if isinstance(found, h5py.Group):
            yield from _datasets(found, f"{prefix}{name}/")
        else:
            yield prefix + name, found
