"""The programs that rules call, found by their names.

A rule names its program and not the program's module. A program can therefore move to another folder, and nothing that
it has made is made again.
"""

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("stages", "experiments/*/stages")  # where programs lie, in folders of the package


@cache
def programs() -> dict[str, str]:
    """Give the module of each program by the program's name: ``{"train": "stages.train", ...}``."""
    found: dict[str, str] = {}
    for pattern in FOLDERS:
        for path in sorted(PACKAGE.glob(f"{pattern}/[a-z]*.py")):
            module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
            if path.stem in found:
                raise ValueError(f"two programs are called {path.stem}: {found[path.stem]} and {module}")
            found[path.stem] = module
    return found
