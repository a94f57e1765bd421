"""The format npz: an array for each layer, in the order in which they were saved, and perhaps the array ``ids``."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from repdrift.comparison.files.content import IDS, Content, Wanted, as_ids


def read(path: Path, wanted: Wanted) -> Content:
    """Read a file. Arrays of Python objects are not loaded, because they could run code."""
    file = np.load(path, allow_pickle=False)
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise BadZipFile("it is one array, and no archive of arrays")
    with file:
        names = [name for name in file.files if name != IDS]
        ids = as_ids(file[IDS]) if IDS in file.files else None
        return Content(names, {name: file[name] for name in names if wanted(name)}, ids)
