"""Settings that differ between two specs."""

import json
from collections.abc import Iterator, Mapping
from typing import TypeGuard

ABSENT = object()  # stands for a setting that a spec does not have


def differences(before: object, now: object, key: str = "") -> Iterator[str]:
    """Give each setting that differs: its key, with dots and positions in lists, what it was, and what it would be.

    Values are compared as JSON, as Snakemake compares specs: 1 and 1.0 differ, and so do an absent setting and null.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted({*before, *now}):
            yield from differences(before.get(name, ABSENT), now.get(name, ABSENT), f"{key}.{name}" if key else name)
    elif structured(before) and structured(now) and len(before) == len(now):
        for place, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from differences(old, new, f"{key}[{place}]")
    elif text(before) != text(now):
        yield f"{key} {shortened(before)} -> {shortened(now)}"


def structured(value: object) -> TypeGuard[list[object]]:
    """Say whether a value is a list that has mappings or lists in it, which is too long to be shown as a whole."""
    return isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value)


def shortened(value: object, length: int = 90) -> str:
    """Give a value as JSON, cut if it is long."""
    whole = text(value)
    return whole if len(whole) <= length else whole[: length - 3] + "..."


def text(value: object) -> str:
    return "absent" if value is ABSENT else json.dumps(value, sort_keys=True)
