"""The format parquet: a row for each image, and for each layer a column of lists or a column for each unit.

A column of lists of the same length, which can have lists in them, is a layer of its name. The columns ``conv1.0``,
``conv1.1`` and so on are the units of the layer ``conv1``. Layers are in the order of their first columns. The column
``ids`` has the sample ids: texts or integers. Other columns, such as labels, are left out.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow.parquet import ParquetFile

from repdrift.comparison.files.content import IDS, Content, Wanted, as_ids
from repdrift.errors import UserError

UNIT = re.compile(r"(.+)[.]([0-9]+)")


def read(path: Path, wanted: Wanted) -> Content:
    """Read a file."""
    with ParquetFile(path) as file:
        columns = _columns_of_layers(file.schema_arrow)
        chosen = [name for layer, names in columns.items() if wanted(layer) for name in names]
        has_ids = IDS in file.schema_arrow.names
        table = file.read(columns=[*chosen, *([IDS] if has_ids else [])])
    layers = {layer: _values(table, layer, names) for layer, names in columns.items() if wanted(layer)}
    return Content(list(columns), layers, as_ids(table[IDS].to_pylist()) if has_ids else None)


def _columns_of_layers(schema: Any) -> dict[str, list[str]]:  # noqa: ANN401  pyarrow has no types
    """Return the names of the columns of each layer: one of lists, or those of its units in their order."""
    lists: dict[str, list[str]] = {}
    units: dict[str, dict[int, str]] = {}
    for field in schema:
        numbered = UNIT.fullmatch(field.name)
        if _is_list(field.type) and field.name != IDS:
            lists[field.name] = [field.name]
        elif numbered and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
            layer, number = numbered[1], int(numbered[2])
            units.setdefault(layer, {})[number] = field.name
            lists.setdefault(layer, [])
    for layer, found in units.items():
        missing = [number for number in range(len(found)) if number not in found]
        if lists[layer] or missing:
            lacking = f"there is no column {layer}.{missing[0]}" if missing else "there is a column of lists too"
            raise UserError(f"the layer {layer} has {len(found)} columns of units, but {lacking}")
        lists[layer] = [found[number] for number in range(len(found))]
    return lists


def _values(table: Any, layer: str, names: list[str]) -> NDArray[Any]:  # noqa: ANN401
    """Return the values of a layer [n, p]."""
    columns = [_flat(table[name].combine_chunks(), layer) for name in names]
    return columns[0] if _is_list(table[names[0]].type) else np.concatenate(columns, axis=1)


def _flat(column: Any, layer: str) -> NDArray[Any]:  # noqa: ANN401
    """Return the numbers of a column [n, p], where p is 1 for a column without lists. A missing number is NaN."""
    rows, values = len(column), column
    while True:
        if not _is_list(values.type):
            return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(rows, -1)
        if values.null_count:
            row = pc.index(pc.is_null(values), True).as_py() * rows // len(values)
            raise UserError(f"the layer {layer} lacks a value in row {row}")
        lengths = pc.unique(pc.list_value_length(values)).to_pylist()
        if len(lengths) > 1:
            found = f"{min(lengths)} to {max(lengths)}"
            raise UserError(f"the layer {layer} has lists of {found} values; expected equally many in all rows")
        values = values.flatten()


def _is_list(kind: Any) -> bool:  # noqa: ANN401
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
