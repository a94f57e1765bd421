"""The format npy: the array of one layer, whose name is that of the file without its ending."""

from pathlib import Path

import numpy as np

from repdrift.comparison.files.content import Content, Wanted


def read(path: Path, wanted: Wanted) -> Content:
    """Read a file. It has no sample ids."""
    with path.open("rb") as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    return Content([path.stem], {path.stem: array} if wanted(path.stem) else {})
