"""The fingerprint of the code: what counts, for whom, and the same in every Python."""

import ast
import hashlib
import re

import pytest

from repdrift.provenance import fingerprint, programs

# Something of everything whose syntax tree, or whose text in `ast.dump`, differs between versions of Python.
SAMPLE = '''
"""A docstring."""
from __future__ import annotations
import os.path as p, sys


@decorated(1, two=2.0)
class A(B, metaclass=C):
    """Another."""

    x: int = 10_000

    async def f(self, a, /, b=1e-3, *c, d, e=None, **g) -> "A":
        async with a as b, c: yield f"{a!r:>{b}} {{}} {c:} {d=}" "and" f\'{d["k"]}\'
        return (lambda: ...)() if a else [*b, *(i for i in c if i)] @ {**g, "z": b"\\x00"}


def g():
    """Only a docstring."""


try:
    x[1:2, ::3] = y = -1j
except* (E, F) as error:
    raise G from error
finally:
    del x, y
match sys.argv:
    case [1, *_] | {"a": 2, **r} if (n := len(r)): global q
    case A(b=3): pass
'''
LINES, DIGEST = 440, "d5769e276f0bd4c2"


def linearised(text):
    lines = []
    fingerprint._linearise(ast.parse(text), lines, [])
    return lines


def test_the_fingerprint_is_the_same_in_every_python():
    """Pinned: whatever Python runs this test must find it."""
    lines = linearised(SAMPLE)
    assert (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]) == (LINES, DIGEST)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package: stages.a imports helper, which imports constants; stages.b stands alone."""
    root = tmp_path / "package"
    (root / "stages").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "stages/__init__.py": "",
        "stages/a.py": "from package.helper import double\n\nprint(double(2))\n",
        "stages/b.py": "print(1)\n",
        "helper.py": 'from package import constants as c\n\n\ndef double(x):\n    """Twice."""\n    return c.TWO * x\n',
        "constants.py": "TWO = 2\n",
    }
    for name, text in files.items():
        (root / name).write_text(text)
    for module in (fingerprint, programs):
        monkeypatch.setattr(module, "PACKAGE", root)

    def forget():
        for cached in (programs.programs, fingerprint.modules, fingerprint._code, fingerprint._file):
            cached.cache_clear()

    def prints():
        forget()
        return [fingerprint.fingerprint(program) for program in "ab"]

    yield root, prints
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("helper.py", "Twice.", "Two times x."),
        ("helper.py", "\n\n\ndef", "\n\n# a comment\ndef"),
        ("stages/a.py", "print(double(2))", "print(\n    double(2),\n)"),
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(package, file, old, new):
    root, prints = package
    before = prints()
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))
    assert prints() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("constants.py", "2", "3"), ("helper.py", "* x", "+ x"), ("stages/a.py", "double(2)", "double(5)")],
)
def test_a_change_counts_for_those_that_import_it_and_for_no_other(package, file, old, new):
    root, prints = package
    a, b = prints()
    (root / file).write_text((root / file).read_text().replace(old, new))
    assert prints()[0] != a
    assert prints()[1] == b


def test_what_a_function_imports_counts(package):
    root, prints = package
    (root / "helper.py").write_text("def double(x):\n    import package.constants\n    return 2 * x\n")
    before = prints()
    (root / "constants.py").write_text("TWO = 3\n")
    assert prints()[0] != before[0]


def test_what_is_imported_for_types_alone_does_not_count(package):
    root, prints = package
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from package.constants import TWO\n"
    (root / "helper.py").write_text(f"{text}\n\ndef double(x):\n    return 2 * x\n")
    before = prints()
    (root / "constants.py").write_text("TWO = 3\n")
    assert prints() == before


def test_what_a_figure_is_drawn_with_does_not_depend_on_claims_and_plan():
    drawing = fingerprint.modules("figure")
    assert "experiments.head2toe.figures.head2toe" in drawing
    assert not [name for name in drawing if re.match(r"plan\.|experiments\..*\.(experiment|claims)$", name)]


def test_real_stages_differ_in_what_they_depend_on():
    training, drawing = (fingerprint.modules(program) for program in ("train", "table"))
    assert {"training.training", "networks.building", "seeds", "provenance.artifacts"} <= set(training)
    assert not {name.split(".")[0] for name in drawing} & {"training", "networks", "figures"}
    assert "similarity" not in training
