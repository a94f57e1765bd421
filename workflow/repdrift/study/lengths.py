"""Lengths with a unit, as journals state the widths of their columns.

The Snakefile imports this module, so it needs nothing heavy.
"""

import re

INCHES = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0}
LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(mm|cm|in)")


def inches(length: str) -> float:
    """Return a length such as ``86 mm``, ``8.6 cm`` or ``3.4 in`` in inches.

    Raises
    ------
    ValueError
        If it is no such length.
    """
    found = LENGTH.fullmatch(length)
    if not found:
        raise ValueError(f"{length!r} is no length")
    return float(found[1]) * INCHES[found[2]]
