"""The code of a user's own file, which is part of what a training depends on.

The Snakefile imports this module, so it needs nothing heavy.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from repdrift.errors import UserError, in_one_line


def code_of(path: Path) -> str:
    """Return the SHA-256 of a Python file and of all files beside it that it imports, directly or not.

    Raises
    ------
    UserError
        If there is no such file, or one of them cannot be parsed.
    """
    digest = hashlib.sha256()
    for file in files_of(path):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path.parent)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def files_of(path: Path) -> list[Path]:
    """List a Python file and all files beside it that it imports, each once."""
    found: list[Path] = []
    left = [path]
    while left:
        file = left.pop(0)
        if file not in found:
            found.append(file)
            left += _imported(file, path.parent)
    return found


def _imported(file: Path, folder: Path) -> Iterator[Path]:
    """Yield the files and packages of a folder that a file imports."""
    for name in _names(file):
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:depth])
            for candidate in (place.with_suffix(".py"), place / "__init__.py"):
                if candidate.is_file():
                    yield candidate


def _names(file: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports."""
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except OSError:
        raise UserError(f"there is no file {file}") from None
    except (SyntaxError, ValueError) as error:
        raise in_one_line(f"{file} is no Python file: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
