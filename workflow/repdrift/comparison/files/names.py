"""The files that the arguments of a command stand for."""

import re
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from pathlib import Path

from repdrift.comparison.files.formats import READERS
from repdrift.errors import UserError

LONGEST = 30  # letters of a name that fit beside an axis


def listed(paths: Iterable[str]) -> Iterator[Path]:
    """Yield the files that paths, folders and patterns such as ``batch*.npz`` stand for.

    Paths are in the order in which they are given. Files of a folder, and files that fit a pattern, are in the order of
    the numbers in their names: batch9 comes before batch10.

    Raises
    ------
    UserError
        If a folder has no file of a known format, or no file has a name that fits a pattern.
    """
    for path in paths:
        place = Path(path)
        if place.is_dir():
            files = [file for file in place.iterdir() if file.suffix.lower() in READERS]
            if not files:
                raise UserError(f"the folder {path} has no file whose name ends in one of {', '.join(READERS)}")
            yield from sorted(files, key=_natural)
        elif has_magic(path) and not place.exists():
            files = [Path(found) for found in glob(path)]  # noqa: PTH207  the pattern can be of any folder
            if not files:
                raise UserError(f"there is no file with a name like {path}")
            yield from sorted(files, key=_natural)
        else:
            yield place


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return a key by which numbers in names are in their order, before all texts."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", str(path))]


def short_names(first: str, second: str) -> tuple[str, str]:
    """Return the ends of two paths that tell them apart, for figures: ``seed1/a.npz`` and ``seed2/a.npz``.

    The start of an end that is longer than `LONGEST` letters is left out.
    """
    ours, theirs = Path(first).parts, Path(second).parts
    counts = range(1, max(len(ours), len(theirs)))
    count = next((count for count in counts if ours[-count:] != theirs[-count:]), 1)
    return _ended(ours[-count:]), _ended(theirs[-count:])


def _ended(parts: Iterable[str]) -> str:
    name = "/".join(parts)
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
