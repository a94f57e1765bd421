"""What tells that a raw file was replaced, also by an older one: ``mv`` and ``cp -p`` keep the time of a file.

The Snakefile imports this module, so it needs nothing heavy.
"""

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from repdrift.canonical import canonical


def contents(paths: Iterable[str]) -> str:
    """Return a hash of the contents of files, 16 hexadecimal digits. A file that is not there counts as empty.

    A zip file, as ``.npz`` and ``.pt`` are, lists checksums of what it has, so it need not be read as a whole.
    """
    return hashlib.sha256(canonical([_of_file(Path(path)) for path in paths]).encode()).hexdigest()[:16]


def _of_file(path: Path) -> object:
    try:
        with zipfile.ZipFile(path) as archive:
            return [[member.filename, member.file_size, member.CRC] for member in archive.infolist()]
    except FileNotFoundError:
        return None
    except zipfile.BadZipFile:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
