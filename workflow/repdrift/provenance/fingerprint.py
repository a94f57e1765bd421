"""A fingerprint of the code that a program runs: of what this code does, and not of where it lies.

Snakemake does not follow imports. A fingerprint does, name by name: it covers the functions, classes and
constants of imported modules that the program uses, directly or through others. They are numbered in the order in which
the program reaches them, and a reference is such a number. So no name of a module or of a file is in a fingerprint, and
a function that moves to another module changes nothing. Comments, docstrings and formatting do not count.

What is doubtful counts. A statement that may change something when its module is imported counts wherever this module
is imported: each that does more than bind a name, and each that calls something of the package meanwhile.

The Snakefile imports this module and computes all fingerprints before it starts, so the module needs nothing heavy.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from repdrift.machine import launcher
from repdrift.places import PACKAGE
from repdrift.provenance import parts
from repdrift.provenance.statements import Module, Package, Registry, Statement, Target

running: str | None = None  # name of the program that this process runs

ENTRY = "stages.__main__"  # the module with which every program begins
# These modules find code, or say in which process it runs, and change none. If they find other code, the fingerprint is
# another one anyway.
FINDERS = {name.partition(".")[2] for name in (__name__, parts.__name__, launcher.__name__)}


class Trace(NamedTuple):
    """What a program and some parts reach: their fingerprint, and a digest of what is used of each module."""

    fingerprint: str
    modules: dict[str, str]


def fingerprint(program: str, *more: str) -> str:
    """Give the fingerprint of a program: 16 hexadecimal digits.

    Parameters
    ----------
    program : str
        Its name, ``train`` say.
    more : str
        The parts that the program finds by name when it runs, in the order in which its spec names them: ``estimator
        cka-biased``, ``drawing layers`` (see `repdrift.provenance.parts.loaded`). A registry of which no entry is named
        counts whole.

    Raises
    ------
    LookupError
        If there is no such program, drawing or estimator.
    """
    return _trace(program, more).fingerprint


def modules(program: str, *more: str) -> dict[str, str]:
    """Give the digest of what is used of each module, by the module's name: of the same code as `fingerprint`."""
    return _trace(program, more).modules


@cache
def _trace(program: str, more: tuple[str, ...]) -> Trace:
    return trace(_package(), program, more)


@cache
def _package() -> Package:
    return Package(PACKAGE)


def trace(package: Package, program: str, more: Sequence[str] = ()) -> Trace:
    """Follow a program of a package, and parts that it finds by name; see `fingerprint`."""
    found = reach(package, program, more)
    by_module: dict[str, list[str]] = {}
    for statement in found.numbers:
        by_module.setdefault(statement.module.name, []).append(statement.digest)
    return Trace(
        _digest([*found.lines, *found.orders()]),
        {name: _digest(sorted(digests)) for name, digests in sorted(by_module.items())},
    )


def reach(package: Package, program: str, more: Sequence[str] = ()) -> "Reached":
    """Reach all that a program of a package uses, and all that parts use that it finds by name."""
    found = Reached()
    found.refer("parts", [each for part in more for each in found.ask(package, part)])
    found.refer("program", offered(package, parts.PROGRAM, program))
    if ENTRY in package.files:
        found.refer("entry", offered_by(package.module(ENTRY), parts.PROGRAM))
    found.follow(package)
    return found


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


class Reached:
    """The statements that have been reached, numbered in this order, and what refers to what."""

    def __init__(self) -> None:
        self.numbers: dict[Statement, int] = {}
        self.lines: list[str] = []
        self._asked: set[Registry] = set()  # those of which an entry was asked for
        self._imported: dict[str, Module] = {}  # modules that are imported on the way
        self._waiting: list[Statement] = []

    def ask(self, package: Package, part: str) -> Sequence[Target]:
        """Give what is used of a part."""
        kind, _, name = part.partition(" ")
        if kind not in parts.REGISTRIES:
            return offered(package, kind, name)
        module, variable = parts.REGISTRIES[kind]
        (registry,) = package.module(module).bindings[variable]
        if not isinstance(registry, Registry) or not (name in registry.entries or kind in parts.INCOMPLETE):
            raise LookupError(f"there is no {part}")
        self._asked.add(registry)
        return [registry.entries[name]] if name in registry.entries else []

    def refer(self, what: str, targets: Iterable[Target]) -> None:
        """Note that something refers to these statements, and number those that are new."""
        numbers: list[int] = []
        for target in targets:
            for statement in self._statements(target):
                if statement not in self.numbers:
                    self.numbers[statement] = len(self.numbers)
                    self._waiting.append(statement)
                numbers.append(self.numbers[statement])
        self.lines.append(f"{what} {numbers}")

    def _statements(self, target: Target) -> Iterable[Statement]:
        if isinstance(target, Registry):  # the entries that were asked for are reached by themselves
            return () if target in self._asked else target.entries.values()
        return () if target.module.name in FINDERS else (target,)

    def follow(self, package: Package) -> None:
        """Reach all that the statements refer to, and what acts in the modules that are imported for them."""
        while self._waiting:
            for statement in self._waiting:  # they become more meanwhile
                self.refer(statement.digest, statement.references)
                self._import(package, [statement.module.name, *statement.imports])
            self._waiting = []
            acting = (each for module in self._imported.values() for each in module.statements if each.acts)
            new = [each for each in acting if each not in self.numbers]
            new.sort(key=lambda each: each.digest)
            self.refer("acting", new)

    def _import(self, package: Package, names: Iterable[str]) -> None:
        waiting = [name for name in names if name not in self._imported]
        while waiting:
            name = waiting.pop()
            if name not in self._imported and name not in FINDERS:
                self._imported[name] = package.module(name)
                waiting.extend(self._imported[name].imports)

    def orders(self) -> list[str]:
        """Give the order of the statements of each module in which one acts: for there it may matter."""
        acting = [module for module in self._imported.values() if any(each.acts for each in module.statements)]
        return sorted(
            f"order {[self.numbers[each] for each in module.statements if each in self.numbers]}" for module in acting
        )


def offered(package: Package, kind: str, name: str) -> Sequence[Target]:
    """Give what is used of a program or a drawing."""
    found = parts.modules(kind, package.root)
    if name not in found:
        raise LookupError(f"there is no {kind} {name}")
    return offered_by(package.module(found[name]), kind)


def offered_by(module: Module, kind: str) -> Sequence[Target]:
    meanings = [module.meaning((name,)) for name in parts.OFFERED[kind]]
    return [target for meaning in meanings if meaning for target in meaning.targets]
