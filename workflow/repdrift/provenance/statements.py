"""The top-level statements of a package's modules: what each says, and which others it refers to.

A statement is a function, a class, an assignment, or whatever else stands at the top level of a module. Each entry of a
registry (see `repdrift.registry`) is a statement of its own.
"""

import ast
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from repdrift.provenance.syntax import (
    Import,
    Lines,
    Name,
    as_written,
    called,
    is_for_types,
    linearised,
    plainly_bound,
    registry_entries,
    without_collector,
    without_docstring,
)

PLACE = re.compile(r"value str '(?P<module>[\w.]+):(?P<name>\w+)'")  # the line of a text that says where something is
# What these are depends on where the module lies.
OF_THE_PLACE = {"__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}


class Statement:
    """A top-level statement, or an entry of a registry.

    Attributes
    ----------
    module : Module
    lines : Lines
        Its syntax tree.
    acts : bool
        Whether it may change something when its module is imported, and not only bind its name.
    """

    def __init__(self, module: "Module", lines: Lines, *, is_entry: bool = False) -> None:
        self.module, self.lines, self._is_entry = module, lines, is_entry
        self.acts = False

    @property
    def digest(self) -> str:
        """Digest of what it says itself; names of the package's own things count, but not what these say."""
        return self._read[0]

    @property
    def references(self) -> "tuple[Target, ...]":
        """What it refers to, in the order in which it does; a thing is there as often as it is referred to."""
        return self._read[1]

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules of the package that it imports itself, when its functions are called."""
        return tuple(each for node in self.lines.imports for each in self.module.modules_of(node))

    @cached_property
    def _read(self) -> "tuple[str, tuple[Target, ...]]":
        lines = list(self.lines.lines)
        references: list[Target] = []
        local: dict[str, list[Binding]] = {}
        for name, imported in (each for node in self.lines.imports for each in self.module.imported(node)):
            local.setdefault(name, []).append(imported)
        for number, dotted_name in self.lines.names:
            first = dotted_name[0]
            meaning = self.module.meaning(dotted_name, local.get(first, ()))
            if meaning is None:
                if first in OF_THE_PLACE:
                    lines[number] += f" of {self.module.name}"
                continue
            # What is bound within the statement may be a local variable of the same name: both count then.
            lines[number] = f"{lines[number]}\n{meaning.text}" if first in self.lines.bound else meaning.text
            references += meaning.targets
        if self._is_entry:
            references += self.module.package.resolve_places(lines)
        text = "\n".join([*lines, *self.module.future])
        return hashlib.sha256(text.encode()).hexdigest()[:16], tuple(references)


class Registry:
    """A dictionary at the top level of a module whose entries are statements of their own."""

    def __init__(self, module: "Module", entries: ast.Dict) -> None:
        self.entries: dict[str, Statement] = {}
        for key, value in zip(entries.keys, entries.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise ValueError(f"{module.name}: the keys of a registry must be written out")
            self.entries[key.value] = Statement(module, linearised(ast.Tuple([key, value])), is_entry=True)


class Imported(NamedTuple):
    """What an import binds: a module, with the name of its package, or something in it."""

    module: str
    attributes: Name = ()


Target = Statement | Registry
Binding = Statement | Registry | Imported


class Meaning(NamedTuple):
    """What a name stands for: a text that does not depend on where it is found, and the statements of the package."""

    text: str
    targets: tuple[Target, ...] = ()


class Module:
    """A module of a package: its statements, and what the names at its top level are.

    Attributes
    ----------
    name : str
        With dots, without the name of the package; empty for the package itself.
    bindings : dict of str to list of Binding
        More than one where a name is bound again.
    statements : list of Statement
        In the order of the file; no import is among them, and no registry.
    imports : dict of str to None
        Modules of the package that are imported when this one is, in the order of the file.
    future : list of str
        The changes of Python that it asks for from ``__future__``.
    """

    def __init__(self, package: "Package", name: str, path: Path) -> None:
        self.package, self.name = package, name
        self.is_folder = path.name == "__init__.py"
        self.bindings: dict[str, list[Binding]] = {}
        self.statements: list[Statement] = []
        self.imports: dict[str, None] = {}
        self.future: list[str] = []
        self._meanings: dict[Name, Meaning | None] = {}
        calls = dict(self._add_all(without_docstring(ast.parse(path.read_bytes()))))
        again = {each for found in self.bindings.values() if len(found) > 1 for each in found}
        for statement, names in calls.items():
            statement.acts = statement in again or any(map(self._is_own, names))

    def _add_all(self, nodes: Sequence[ast.AST]) -> Iterator[tuple[Statement, list[Name]]]:
        """Add statements; give those that only bind names, and what they call when they are evaluated."""
        for node in nodes:
            if isinstance(node, ast.If) and is_for_types(node):
                yield from self._add_all(node.orelse)
            elif isinstance(node, Import):
                self._add_import(node)
            elif entries := registry_entries(node):
                self._bind(entries[0], Registry(self, entries[1]))
            elif not isinstance(node, ast.Pass):
                statement = Statement(self, linearised(node))
                names = plainly_bound(node, statement.lines)
                statement.acts = names is None
                self.statements.append(statement)
                for name in statement.lines.bound if names is None else names:
                    self._bind(name, statement)
                if names is None:
                    for each in statement.lines.imports:
                        self._add_import(each)
                else:
                    yield statement, list(called(node))

    def _add_import(self, node: Import) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            self.future += [f"future {alias.name}" for alias in node.names]
            return
        self.imports.update(dict.fromkeys(self.modules_of(node)))
        for name, imported in self.imported(node):
            self._bind(name, imported)

    def _bind(self, name: str, binding: Binding) -> None:
        found = self.bindings.setdefault(name, [])
        if binding not in found:
            found.append(binding)

    def imported(self, node: Import) -> Iterator[tuple[str, Imported]]:
        """Give what an import statement binds, by its name."""
        for alias in node.names:
            if alias.name == "*":
                raise ValueError(f"{self.name}: what `import *` brings cannot be followed: name it")
            if isinstance(node, ast.ImportFrom):
                origin = Imported(self._absolute(node), (alias.name,))
                if self.package.inside(origin.module) == self.name:  # a folder imports a module that lies in it
                    origin = Imported(f"{origin.module}.{alias.name}")
                yield alias.asname or alias.name, origin
            elif alias.asname:
                yield alias.asname, Imported(alias.name)
            else:
                yield alias.name.partition(".")[0], Imported(alias.name.partition(".")[0])

    def modules_of(self, node: Import) -> Iterator[str]:
        """Give the modules of the package that an import statement imports."""
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                origin = self._absolute(node)
                yield from self.package.imported_with(origin)
                yield from self.package.imported_with(f"{origin}.{alias.name}")
            else:
                yield from self.package.imported_with(alias.name)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return str(node.module)
        parts = [self.package.root.name, *filter(None, self.name.split("."))]
        parts = parts[: len(parts) + self.is_folder - node.level]
        return ".".join([*parts, node.module] if node.module else parts)

    def _is_own(self, name: Name) -> bool:
        """Whether a name stands for something of the package."""
        return any(
            not isinstance(found, Imported) or self.package.inside(found.module) is not None
            for found in self.bindings.get(name[0], ())
        )

    def meaning(self, name: Name, local: Sequence[Binding] = ()) -> Meaning | None:
        """Tell what a name stands for here; None if nothing at the top level, nor one of `local`, binds it."""
        if not local and name in self._meanings:
            return self._meanings[name]
        found = [self._follow(binding, name) for binding in (*local, *self.bindings.get(name[0], ()))]
        targets = tuple(target for each in found for target in each.targets)
        meaning = Meaning("\n".join(each.text for each in found), targets) if found else None
        if not local:
            self._meanings[name] = meaning
        return meaning

    def _follow(self, binding: Binding, name: Name) -> Meaning:
        if isinstance(binding, Imported):
            return self.package.meaning(binding.module, binding.attributes + name[1:])
        return Meaning(as_written(name, "Own"), (binding,))

    @property
    def whole(self) -> tuple[Target, ...]:
        """All that stands in it."""
        registries = (each for found in self.bindings.values() for each in found if isinstance(each, Registry))
        return (*self.statements, *registries)


class Package:
    """A package of modules, of which each is read when it is first asked for.

    Attributes
    ----------
    root : Path
        Its folder.
    files : dict of str to Path
        The file of each module, by the module's name without that of the package.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, Module] = {}
        self.files = files(root)
        self._imported_with: dict[str, tuple[str, ...]] = {}

    def inside(self, name: str) -> str | None:
        """Give the name of a module without that of the package; None if it is of another package."""
        package, _, rest = name.partition(".")
        return rest if package == self.root.name else None

    def module(self, name: str) -> Module:
        """Give a module by its name without that of the package."""
        if name not in self._modules:
            if name not in self.files:
                raise ValueError(f"there is no module {name} in {self.root}")
            with without_collector():
                self._modules[name] = Module(self, name, self.files[name])
        return self._modules[name]

    def imported_with(self, name: str) -> tuple[str, ...]:
        """Give the modules of the package that Python imports with one of this name: itself, and its folders."""
        if name not in self._imported_with:
            inside = self.inside(name)
            folders = ["", *accumulate(inside.split("."), "{}.{}".format)] if inside else [""]
            self._imported_with[name] = () if inside is None else tuple(each for each in folders if each in self.files)
        return self._imported_with[name]

    def meaning(self, module: str, attributes: Name) -> Meaning:
        """Tell what ``module.attributes`` stands for; the module has the name of its package."""
        inside = self.inside(module)
        if inside is None:
            return Meaning(f"Library {'.'.join((module, *attributes))}")
        found = self.module(inside)
        if attributes and (meaning := found.meaning(attributes)):
            return meaning
        if attributes and f"{inside}.{attributes[0]}".removeprefix(".") in self.files:
            return self.meaning(f"{module}.{attributes[0]}", attributes[1:])
        if attributes and "__getattr__" in found.bindings:
            raise ValueError(f"{module} makes {attributes[0]} when it is asked for: import it from where it is defined")
        # The module itself, which may be used in any way.
        return Meaning(as_written(("module", *attributes), "Own"), found.whole)

    def resolve_places(self, lines: list[str]) -> Iterator[Target]:
        """Put what they stand for in place of texts ``package.module:name``, and give what these refer to."""
        for number, line in enumerate(lines):
            found = PLACE.fullmatch(line)
            if found and self.inside(found["module"]) is not None:
                meaning = self.meaning(found["module"], (found["name"],))
                lines[number] = meaning.text
                yield from meaning.targets


def files(root: Path) -> dict[str, Path]:
    """Give the files of a package's modules by the names of the modules, without that of the package."""
    found: dict[str, Path] = {}
    for folder, _, names in os.walk(root, followlinks=True):
        folders = Path(folder).relative_to(root).parts
        for name in names:
            if name.endswith(".py"):
                own = () if name == "__init__.py" else (name.removesuffix(".py"),)
                found[".".join((*folders, *own))] = Path(folder, name)
    return found
