"""The fingerprint of code: what counts, for whom, and the same in every Python."""

import ast
import hashlib

import pytest

from repdrift.provenance import fingerprint
from repdrift.provenance.statements import Package
from repdrift.provenance.syntax import linearised

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
LINES, DIGEST = 368, "a888bd9d3c8d2874"


def test_the_fingerprint_is_the_same_in_every_python():
    """Pinned: whatever Python runs this test must find it."""
    lines = linearised(ast.parse(SAMPLE)).lines
    assert (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]) == (LINES, DIGEST)


# A small package. Program a uses something of everything; program b stands alone.
FILES = {
    "__init__.py": "",
    "stages/__init__.py": "",
    "stages/__main__.py": "import sys\n\n\ndef main():\n    start(sys.argv)\n\n\ndef start(words):\n    print(words)\n",
    "stages/a.py": (
        "import numpy as np\n"
        "from package.helper import double, Wide\n"
        "from package.tools import deep, once as only\n\n\n"
        "def main():\n"
        "    from package.late import late\n\n"
        "    print(double(2), Wide().area(), deep.root(2), only(3), late(), np.sqrt(2))\n\n\n"
        "def left_over():\n    return 1\n"
    ),
    "stages/b.py": "def main():\n    print(1)\n",
    "helper.py": (
        '"""Helps."""\n\n'
        "from package import constants as c\n"
        "from package.marks import marked\n\n\n"
        "class Shape:\n"
        "    def area(self):\n        return self.side**2\n\n\n"
        "class Wide(Shape):\n"
        "    side = 3\n\n\n"
        "@marked\n"
        'def double(x, factor=c.TWO):\n    """Twice."""\n    return factor * x\n\n\n'
        "def unused(x):\n    return x + c.UNUSED\n"
    ),
    "constants.py": "TWO = 1 + 1\nUNUSED = 5\n",
    "marks.py": "def marked(function):\n    return function\n",
    "tools/__init__.py": "from package.tools.deep import once\n",
    "tools/deep.py": "def root(x):\n    return x**0.5\n\n\ndef once(x):\n    return x\n",
    "late.py": "def late():\n    return 'late'\n",
    "figures/__init__.py": "",
    "figures/bars.py": (
        "from package.figures.style import GREY\n\nCOLUMNS = ('x',)\n\n\ndef draw(table):\n    print(GREY)\n"
    ),
    "figures/dots.py": "COLUMNS = ('y',)\n\n\ndef draw(table):\n    print(table)\n",
    "figures/style.py": "GREY = 1\n",
    "similarity/__init__.py": "",
    "similarity/registry.py": (
        "from package.kinds import Entry\n\n"
        "ESTIMATORS: Registry[Entry] = {\n"
        '    "one": Entry("package.similarity.one:One"),\n'
        '    "two": Entry("package.similarity.two:Two", {"wide": True}),\n'
        "}\n\n\n"
        "def estimator(name):\n    return ESTIMATORS[name].make()\n"
    ),
    "similarity/one.py": "class One:\n    value = 1\n",
    "similarity/two.py": "class Two:\n    value = 2\n",
    "kinds.py": "class Entry:\n    def make(self):\n        return self\n",
    "stages/compare.py": (
        "from package.similarity.registry import estimator\n\n\ndef main():\n    print(estimator('one'))\n"
    ),
    "stages/figure.py": "from package.figures.style import GREY as colour\n\n\ndef main():\n    print(colour)\n",
}


@pytest.fixture
def code(tmp_path):
    """Function that writes the package with some changes, and gives the trace of a program in it.

    A change is a file and its text, or what is to be replaced in it by what, or None if the file goes.
    """
    written = []

    def trace(program="a", changes=None, *more):
        files = dict(FILES)
        for name, change in (changes or {}).items():
            if change is None:
                del files[name]
            elif isinstance(change, tuple):
                assert change[0] in files[name]
                files[name] = files[name].replace(*change)
            else:
                files[name] = change
        root = tmp_path / str(len(written)) / "package"
        written.append(root)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return fingerprint.trace(Package(root), program, more)

    return trace


NOTHING = {
    "a docstring": {"helper.py": ("Twice.", "Two times x.")},
    "a comment": {"helper.py": ("\n\n\nclass Wide", "\n\n# It is wide.\nclass Wide")},
    "formatting": {"stages/a.py": ("print(double(2), ", "print(\n        double(2),\n        ")},
    "a function that nobody uses": {"helper.py": ("x + c.UNUSED", "x - c.UNUSED")},
    "a constant that is used by it alone": {"constants.py": ("UNUSED = 5", "UNUSED = 6")},
    "a function of the program's module that nobody uses": {"stages/a.py": ("return 1", "return 2")},
    "another program": {"stages/b.py": ("print(1)", "print(2)")},
    "a module that nobody imports": {"more.py": "print(1)\n"},
    "a file renamed": {
        "late.py": None,
        "later.py": FILES["late.py"],
        "stages/a.py": ("package.late import", "package.later import"),
    },
    "a module moved into a folder": {
        "constants.py": None,
        "tools/constants.py": FILES["constants.py"],
        "helper.py": ("from package import constants as c", "from package.tools import constants as c"),
    },
    "the program moved": {
        "stages/a.py": None,
        "experiments/x/stages/a.py": FILES["stages/a.py"],
    },
    "a function moved to another module": {
        "tools/deep.py": ("def root(x):\n    return x**0.5\n\n\n", ""),
        "marks.py": FILES["marks.py"] + "\n\ndef root(x):\n    return x**0.5\n",
        "stages/a.py": FILES["stages/a.py"]
        .replace("tools import deep, once", "marks import root\nfrom package.tools import once")
        .replace("deep.root", "root"),
    },
    "an import under another name": {
        "stages/a.py": FILES["stages/a.py"].replace("once as only", "once as single").replace("only(3)", "single(3)")
    },
    "a library under another name": {
        "stages/a.py": FILES["stages/a.py"].replace("numpy as np", "numpy").replace("np.sqrt", "numpy.sqrt")
    },
    "imported by name instead of by module": {
        "helper.py": FILES["helper.py"]
        .replace("from package import constants as c\n", "from package.constants import TWO, UNUSED\n")
        .replace("c.TWO", "TWO")
        .replace("c.UNUSED", "UNUSED")
    },
    "imported from where it is defined": {
        "stages/a.py": ("tools import deep, once", "tools import deep\nfrom package.tools.deep import once")
    },
    "a relative import": {"helper.py": ("from package.marks import", "from .marks import")},
    "an import at the top": {
        "stages/a.py": FILES["stages/a.py"]
        .replace("    from package.late import late\n\n", "")
        .replace("import numpy", "from package.late import late\nimport numpy")
    },
    "an import for types": {
        "helper.py": (
            '"""Helps."""\n',
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import package.late\n",
        )
    },
    "a drawing": {"figures/bars.py": ("print(GREY)", "print(1)")},
    "an estimator": {"similarity/one.py": ("value = 1", "value = 3")},
}


@pytest.mark.parametrize("changes", NOTHING.values(), ids=NOTHING)
def test_what_does_not_count(code, changes):
    assert code("a", changes).fingerprint == code("a").fingerprint


COUNTS = {
    "a function": ("helper.py", ("factor * x", "factor + x")),
    "a default argument": ("helper.py", ("factor=c.TWO", "factor=3")),
    "a constant that is imported through two modules": ("constants.py", ("1 + 1", "1 + 2")),
    "a decorator": ("helper.py", ("@marked\n", "")),
    "what a decorator does": ("marks.py", ("return function", "return print")),
    "a method": ("helper.py", ("side = 3", "side = 3\n\n    def area(self):\n        return 1")),
    "a base class": ("helper.py", ("self.side**2", "self.side**3")),
    "another base class": ("helper.py", ("class Wide(Shape)", "class Wide")),
    "what is imported in a function": ("late.py", ("'late'", "'later'")),
    "what a folder passes on": ("tools/deep.py", ("return x\n", "return -x\n")),
    "what a folder passes on under this name": ("tools/__init__.py", ("import once", "import root as once")),
    "what is used of a module": ("tools/deep.py", ("x**0.5", "x**0.4")),
    "the library that a name is of": ("stages/a.py", ("import numpy as np", "import cupy as np")),
    "another function of a library": ("stages/a.py", ("np.sqrt", "np.exp")),
    "the launcher": ("stages/__main__.py", ("print(words)", "print(1)")),
    "an expression beside a function": ("tools/deep.py", ("def root", "print(1)\n\n\ndef root")),
    "a constant that is bound again": ("constants.py", ("UNUSED", "TWO = 3\nUNUSED")),
    "what a name means below a function": (
        "helper.py",
        ("def unused", "def marked(function):\n    return 1\n\n\ndef unused"),
    ),
    "a constant that a loop changes": ("constants.py", ("UNUSED", "for number in range(3):\n    TWO += 1\nUNUSED")),
    "a constant that is changed in place": ("constants.py", ("UNUSED = 5", "vars()['TWO'] = 3")),
    "a name that a condition binds": (
        "helper.py",
        (
            "from package.marks import marked",
            "if True:\n    from package.marks import marked\nelse:\n    marked = None",
        ),
    ),
    "the string that a function gives": ("late.py", ("'late'", "b'late'")),
}


@pytest.mark.parametrize(("file", "change"), COUNTS.values(), ids=COUNTS)
def test_what_counts_for_those_that_use_it_and_for_no_other(code, file, change):
    assert code("a", {file: change}).fingerprint != code("a").fingerprint
    if file != "stages/__main__.py":
        assert code("b", {file: change}).fingerprint == code("b").fingerprint


def test_two_functions_that_change_places_are_seen(code):
    """Of the same names in two modules, of two names in one, and of equal texts which differ in what they use."""
    first = "WHO = 1\n\n\ndef run():\n    return WHO\n"
    second = first.replace("1", "2")
    main = "from package import x, y\n\n\ndef main():\n    print(x.run(), y.run())\n"
    base = {"x.py": first, "y.py": second, "stages/a.py": main}
    before = code("a", base).fingerprint
    assert code("a", base | {"x.py": second, "y.py": first}).fingerprint != before
    assert code("a", base | {"stages/a.py": main.replace("x, y", "x as y, y as x")}).fingerprint != before
    both = {
        "x.py": second,
        "y.py": first,
        "stages/a.py": main.replace("x, y", "x as y, y as x"),
    }
    assert code("a", both).fingerprint == before


def test_the_order_of_statements_counts_where_one_acts(code):
    files = {"constants.py": "TWO = []\nTWO.append(2)\nUNUSED = 5\n"}
    used = {"helper.py": FILES["helper.py"].replace("return factor * x", "return factor, c.UNUSED")}
    before = code("a", files | used).fingerprint
    assert code("a", files | used | {"constants.py": "TWO = []\nUNUSED = 5\nTWO.append(2)\n"}).fingerprint != before


def test_where_a_module_lies_counts_if_it_asks_for_it(code):
    asked = FILES["late.py"].replace("'late'", "__file__")
    moved = {"late.py": None, "later.py": asked, "stages/a.py": ("package.late import", "package.later import")}
    assert code("a", moved).fingerprint != code("a", {"late.py": asked}).fingerprint


def test_what_runs_when_a_module_is_imported_counts_though_nobody_uses_it(code):
    registered = (
        "from package.marks import marked\n\n\n@marked\ndef nobody():\n    return 1\n\n\n" + FILES["constants.py"]
    )
    before = code("a", {"constants.py": registered}).fingerprint
    assert before != code("a").fingerprint
    after = {"constants.py": registered.replace("return 1", "return 2")}
    assert code("a", after).fingerprint != before


def test_what_acts_counts_in_a_module_that_is_imported_and_not_used(code):
    imported = {"late.py": "import package.aside\n" + FILES["late.py"], "aside.py": "def aside():\n    return 1\n"}
    before = code("a", imported).fingerprint
    assert before == code("a").fingerprint
    assert code("a", imported | {"aside.py": "print(1)\n"}).fingerprint != before


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("stages/a.py", "from package.helper import *\n\n\ndef main():\n    pass\n"),
        ("tools/__init__.py", "def __getattr__(name):\n    return 1\n"),
    ],
)
def test_what_cannot_be_followed_is_refused(code, file, text):
    with pytest.raises(ValueError, match=r"import \*|when it is asked for"):
        code("a", {file: text})


# Estimators and drawings


def test_an_estimator_counts_where_it_is_asked_for(code):
    one = code("compare", {}, "estimator one").fingerprint
    two = code("compare", {}, "estimator two").fingerprint
    assert one != two
    changes = {"similarity/two.py": ("value = 2", "value = 3")}
    assert code("compare", changes, "estimator one").fingerprint == one
    assert code("compare", changes, "estimator two").fingerprint != two
    settings = {"similarity/registry.py": ('"wide": True', '"wide": False')}
    assert code("compare", settings, "estimator one").fingerprint == one
    assert code("compare", settings, "estimator two").fingerprint != two


def test_a_further_estimator_counts_for_nobody(code):
    more = {
        "similarity/registry.py": ("}\n\n\n", '    "three": Entry("package.similarity.three:Three"),\n}\n\n\n'),
        "similarity/three.py": "class Three:\n    value = 3\n",
    }
    for name in ("one", "two"):
        assert code("compare", more, f"estimator {name}") == code("compare", {}, f"estimator {name}")


def test_estimators_that_change_places_are_seen(code):
    text = FILES["similarity/registry.py"]
    swapped = text.replace("one:One", "TWO").replace("two:Two", "one:One").replace("TWO", "two:Two")
    asked = ("estimator one", "estimator two")
    after = code("compare", {"similarity/registry.py": swapped}, *asked).fingerprint
    assert after != code("compare", {}, *asked).fingerprint


def test_a_registry_of_which_nothing_is_named_counts_whole(code):
    for number in ("one", "two"):
        changes = {f"similarity/{number}.py": ("value", "other")}
        assert code("compare", changes).fingerprint != code("compare").fingerprint


def test_an_estimator_that_moves_changes_nothing(code):
    moved = {
        "similarity/two.py": None,
        "tools/two.py": FILES["similarity/two.py"],
        "similarity/registry.py": ("package.similarity.two", "package.tools.two"),
    }
    assert code("compare", moved, "estimator two").fingerprint == code("compare", {}, "estimator two").fingerprint


def test_a_drawing_counts_for_its_own_figures(code):
    bars, dots = (code("figure", {}, f"drawing {kind}").fingerprint for kind in ("bars", "dots"))
    changes = {"figures/bars.py": ("('x',)", "('z',)")}
    assert code("figure", changes, "drawing bars").fingerprint != bars
    assert code("figure", changes, "drawing dots").fingerprint == dots
    moved = {"figures/bars.py": None, "experiments/x/figures/bars.py": FILES["figures/bars.py"]}
    assert code("figure", moved, "drawing bars").fingerprint == bars


@pytest.mark.parametrize("asked", [("none",), ("a", {}, "drawing none"), ("a", {}, "estimator none")])
def test_what_is_not_there_is_refused(code, asked):
    with pytest.raises(LookupError, match=r"there is no .* none"):
        code(*asked)


def test_two_programs_of_one_name_are_refused(code):
    with pytest.raises(ValueError, match=r"two programs are called a: stages\.a and experiments\.x\.stages\.a"):
        code("a", {"experiments/x/stages/a.py": FILES["stages/a.py"]})


def test_modules_are_told_apart(code):
    before, after = code("a").modules, code("a", {"tools/deep.py": ("x**0.5", "x**0.4")}).modules
    assert {name for name in before if before[name] != after[name]} == {"tools.deep"}
    used = {"stages.__main__", "stages.a", "helper", "constants", "marks", "tools.deep", "late"}
    assert set(before) == used
