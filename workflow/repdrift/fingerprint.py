"""A fingerprint of the code that a stage runs: its own module and all that it imports from this package.

Snakemake does not follow imports. Comments, docstrings and formatting do not count, since the syntax tree is hashed.
Standard library only: the Snakefile imports it.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def fingerprint(module: str) -> str:
    """Give 16 hexadecimal digits for a module, ``stages.train`` say, and its imports within the package."""
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\n{_digest(name)}\n".encode())
    return digest.hexdigest()[:16]


def stages() -> list[str]:
    """Modules of all stages, ``stages.train`` and others."""
    return [f"stages.{path.stem}" for path in sorted((PACKAGE / "stages").glob("*.py")) if path.stem != "__init__"]


def _closure(module: str) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imports(name))
    return found


def _file(module: str) -> Path | None:
    """File of a module given without the package's name, or None if there is none."""
    base = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


@cache
def _tree(module: str) -> ast.Module:
    path = _file(module)
    if path is None:
        raise ValueError(f"no module {module} in {PACKAGE}")
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of the package that a module imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import name`: the name is a module, or the package itself defines it.
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == PACKAGE.name and rest and _file(rest):
                found.add(rest)
    return frozenset(found)


@cache
def _digest(module: str) -> str:
    return hashlib.sha256("\n".join(_lines(_tree(module))).encode()).hexdigest()


def _lines(node: ast.AST) -> Iterator[str]:
    """Linearise a tree. Empty fields are left out, for newer Pythons add some."""
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        if name == "body" and _has_docstring(node):
            value = value[1:]  # noqa: PLW2901
        if value is None or value == [] or name in ("kind", "type_comment"):
            continue
        yield f".{name}"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield from _lines(item)
            else:
                yield f"{type(item).__name__} {item!r}"
    yield "end"


def _has_docstring(node: ast.AST) -> bool:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None
