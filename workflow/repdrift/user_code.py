"""A user's own file: the function in it that a config names, and its code, which is part of what a job depends on.

The Snakefile imports this module, so it needs nothing heavy.
"""

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from repdrift.errors import UserError, in_one_line

ENDING = ".py:"  # in ``path/to/file.py:FUNCTION``


def is_own(name: str) -> bool:
    """Return whether a name in a config is that of a function in a user's own file: ``path/to/file.py:FUNCTION``."""
    return ENDING in name


def file_and_function(name: str) -> tuple[Path, str]:
    """Return the path and the function that such a name says."""
    path, _, function = name.rpartition(":")
    return Path(path), function


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


def defined_names(path: Path) -> list[str]:
    """List the names that the statements at the top level of a Python file define or import."""
    found: list[str] = []
    for statement in ast.parse(path.read_bytes()).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.append(statement.name)
        elif isinstance(statement, ast.Assign):
            found += [target.id for target in statement.targets if isinstance(target, ast.Name)]
        elif isinstance(statement, ast.ImportFrom):
            found += [alias.asname or alias.name for alias in statement.names]
    return found


def function_in(path: Path, function: str) -> Callable[..., object]:
    """Return a function, or a class, of a file. The file may import files beside it.

    Raises
    ------
    UserError
        If there is no such file or function, or the file fails.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    module_name = f"repdrift_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    with _imports_from(path.parent):
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the code is the user's own
            raise in_one_line(f"the file fails: {type(error).__name__}: {error}") from None
    found = getattr(module, function, None)
    if not callable(found):
        names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        raise UserError(f"the file has no function {function!r}; it has {', '.join(names) or 'none'}")
    return found  # type: ignore[no-any-return]


@contextmanager
def _imports_from(folder: Path) -> Iterator[None]:
    """Let a user's file import the files beside it."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))
