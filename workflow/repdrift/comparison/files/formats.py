"""The formats of files of representations by the ends of their names, and what is common to reading them."""

from pathlib import Path

from repdrift.comparison.files.content import Content, Wanted
from repdrift.errors import UserError, first_line, in_one_line
from repdrift.extras import missing
from repdrift.registry import Registry, imported

READERS: Registry[str] = {
    ".safetensors": "repdrift.comparison.files.safetensors:read",
    ".npy": "repdrift.comparison.files.npy:read",
    ".npz": "repdrift.comparison.files.npz:read",
    ".pt": "repdrift.comparison.files.pt:read",
    ".pth": "repdrift.comparison.files.pt:read",
    ".h5": "repdrift.comparison.files.hdf5:read",
    ".hdf5": "repdrift.comparison.files.hdf5:read",
    ".parquet": "repdrift.comparison.files.parquet:read",
}


def read_file(path: Path, wanted: Wanted) -> Content:
    """Read the layers of a file that are wanted.

    Raises
    ------
    UserError
        If there is no such file, its format is unknown or needs a package that is not installed, or it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise UserError(f"{path}: the name of a file of representations ends in one of {', '.join(READERS)}")
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    try:
        read = imported(READERS[suffix])
    except ModuleNotFoundError as error:
        raise missing(error.name or "", str(path), "files") from None
    try:
        content: Content = read(path, wanted)
    except UserError as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except Exception as error:  # a damaged file makes the libraries raise almost anything
        kind = suffix.removeprefix(".")
        raise in_one_line(f"{path} cannot be read as a file of the format {kind}: {first_line(error)}") from None
    return content
