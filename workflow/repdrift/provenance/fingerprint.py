"""A fingerprint of the code that a stage runs: its own module and all that it imports from this package.

Snakemake does not follow imports. Comments, docstrings and formatting do not count, since the syntax tree is hashed.
Standard library only: the Snakefile imports it, and starts no sooner than all fingerprints are there.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from repdrift.provenance.programs import PACKAGE, programs

running: str | None = None  # name of the program that this process runs

# What says nothing that the rest of the tree does not say.
UNTOLD = {"ctx", "kind", "type_comment"}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def fingerprint(program: str) -> str:
    """Give 16 hexadecimal digits for a program, ``train`` say, and its imports within the package."""
    lines = [f"{name} {digest}\n" for name, digest in modules(program).items()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


@cache
def modules(program: str) -> dict[str, str]:
    """Give the digest of each module that belongs to the fingerprint of a program, in the order of their names."""
    found: dict[str, str] = {}
    waiting = [programs()[program]]
    while waiting:
        name = waiting.pop()
        if name not in found:
            code = _code(name)
            found[name] = code.digest
            waiting.extend(code.imports)
    return dict(sorted(found.items()))


class Code(NamedTuple):
    """What counts of a module: a digest of its syntax tree, and the modules of the package that it imports."""

    digest: str
    imports: frozenset[str]


@cache
def _code(module: str) -> Code:
    path = _file(module)
    if path is None:
        raise ValueError(f"no module {module} in {PACKAGE}")
    lines: list[str] = []
    imports: list[ast.Import | ast.ImportFrom] = []
    _linearise(ast.parse(path.read_text(encoding="utf-8")), lines, imports)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    return Code(digest, frozenset(name for node in imports for name in _imported(node)))


@cache
def _file(module: str) -> Path | None:
    """File of a module given without the package's name, or None if there is none."""
    base = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Modules of the package that an import statement names, at the top of a module or inside a function."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        # `from package import name`: the name is a module, or the package itself defines it.
        names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
    inside = [rest for package, _, rest in (name.partition(".") for name in names) if package == PACKAGE.name]
    return [name for name in inside if name and _file(name)]


def _linearise(node: ast.AST, lines: list[str], imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Append a tree to `lines` and its imports to `imports`; empty fields are left out, for newer Pythons add some.

    Not `ast.dump`, whose text differs from one version of Python to the next.
    """
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return  # never run
    if isinstance(node, ast.Import | ast.ImportFrom):
        imports.append(node)
    lines.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if name == "values" and isinstance(node, ast.JoinedStr):  # Python 3.12 alone has an empty text in `{x:}`
            value = [part for part in node.values if getattr(part, "value", None) != ""]
        if value is None or value == [] or name in UNTOLD:
            continue
        if name == "body" and isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            value = value[1:]
        lines.append(name)
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, ast.Name):  # most nodes are names
                lines.append(f"Name {item.id}")
            elif isinstance(item, ast.AST):
                _linearise(item, lines, imports)
            else:
                lines.append(f"{type(item).__name__} {item!r}")
    lines.append("end")
