"""Folders of pictures: ``class/picture.png``. The names of the folders are the names of the classes.

The Snakefile imports this module, so it needs nothing heavy. `repdrift.data.pictures` reads the pictures.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.machine.walking import files_below


@dataclass(frozen=True)
class Pictures:
    """The pictures of a folder, sorted by class and then by path, and the class of each."""

    paths: tuple[Path, ...]
    classes: tuple[str, ...]


def listed(folder: Path) -> Pictures:
    """List the pictures of a folder.

    Hidden files and files whose name does not end as that of a picture are left out. The folder of a class may have
    folders below.

    Raises
    ------
    UserError
        If there is no such folder, or if it has no folder of a class, or if such a folder has no picture.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give a folder of pictures for each class, or set `reader: npz`")
    if not folder.is_dir():
        raise UserError(f"no folder {folder}: put it there or correct the path")
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise UserError(f"{folder} has no folders: give it a folder of pictures for each class, such as {folder}/cat")
    found = {name: pictures_below(folder / name) for name in names}
    empty = [name for name, paths in found.items() if not paths]
    if empty:
        raise UserError(f"{folder / empty[0]} has no picture: add pictures of this class, or remove the folder")
    pairs = [(path, name) for name, paths in found.items() for path in paths]
    return Pictures(tuple(path for path, _ in pairs), tuple(name for _, name in pairs))


def digest(folder: Path) -> str:
    """Return a hash of the name and the size in bytes of each picture of a folder.

    It changes if a picture is added, removed, renamed or replaced by one of another size.
    """
    sizes = [(str(path.relative_to(folder)), path.stat().st_size) for path in listed(folder).paths]
    return hashlib.sha256(canonical(sizes).encode()).hexdigest()[:16]


def pictures_below(folder: Path) -> list[Path]:
    """Return the pictures of a folder and of all folders below, sorted by path. Hidden ones are left out."""
    from PIL import Image  # noqa: PLC0415  only studies of pictures need it

    endings = Image.registered_extensions()
    return sorted(
        path
        for path in files_below(folder)
        if path.suffix.lower() in endings and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
