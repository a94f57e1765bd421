"""Walks through folders that follow links, since large folders are often moved to another disk and linked.

The Snakefile imports this module, so it needs nothing heavy.
"""

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder, those behind links too. A folder that is linked into itself is walked once.

    Hidden files and folders are included. The order is that of the names.
    """
    seen = set()
    for parent, below, names in os.walk(folder, followlinks=True):
        here = Path(parent).stat()
        if (here.st_dev, here.st_ino) in seen:
            below.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        below.sort()
        yield from (path for name in sorted(names) if (path := Path(parent, name)).is_file())
