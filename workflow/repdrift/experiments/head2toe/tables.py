"""The table of a target: what every method has found, and what it costs."""

import math
from collections.abc import Iterator

COLUMNS = ("target", "seed", "method", "measure", "item", "value")


Row = dict[str, object]


def row(measure: str, value: float, item: str = "") -> Row:
    return {"measure": measure, "item": item, "value": value}


def counted(measure: str, value: int, item: str) -> Iterator[Row]:
    """Rows of a cost and of its logarithm."""
    yield row(measure, value, item)
    yield row(f"log10 {measure}", math.log10(value), item)
