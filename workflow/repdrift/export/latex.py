"""LaTeX source: text with its marks escaped, names of macros, and tables in the style of booktabs."""

import re
from collections.abc import Iterable, Mapping, Sequence

from repdrift.errors import UserError

MARKS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # The usual encoding of a text font has other letters in the places of these.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "\u00a0": "~",
    "\u2212": r"\ensuremath{-}",
    "\u2264": r"\ensuremath{\leq}",
    "\u2265": r"\ensuremath{\geq}",
    "\u00d7": r"\ensuremath{\times}",
    "\u00b1": r"\ensuremath{\pm}",
    "\u00b7": r"\ensuremath{\cdot}",
    "\u2016": r"\ensuremath{\Vert}",
    "\u03c1": r"\ensuremath{\rho}",
}
DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SIGNS = {"+": "Plus", "@": "At", "/": "Of", ".": "Point", "_": "Underscore"}
SOME_PACKAGES = r"""% The packages that these files need.
\usepackage{textcomp}
\usepackage{booktabs}
\usepackage{longtable}
\usepackage{array}
"""


def escaped(text: str) -> str:
    """Return a text as LaTeX prints it: its marks are escaped, and the line ends are spaces."""
    return "".join(MARKS.get(letter, letter) for letter in " ".join(text.split(" ")).replace("\n", " "))


def letters(name: str) -> str:
    r"""Return a name in letters alone, as the name of a LaTeX macro must be.

    Each part of the name begins with a capital letter, each digit is a word, and so is each sign but the hyphen:
    ``objects+objects-random9`` is ``ObjectsPlusObjectsRandomNine``, and ``G10`` is ``GOneZero``.

    Raises
    ------
    UserError
        If the name has another sign.
    """
    found = []
    for part in re.findall(r"[A-Za-z]+|\d|[^A-Za-z\d]", name):
        if part.isdigit():
            found.append(DIGITS[int(part)])
        elif part.isalpha() and part.isascii():
            found.append(part[0].upper() + part[1:])
        elif part in SIGNS:
            found.append(SIGNS[part])
        elif part not in "-, ":
            raise UserError(f"{name!r} cannot be the name of a LaTeX macro, because of its {part!r}; use other names")
    return "".join(found)


def macros(values: Iterable[tuple[str, str]], prefix: str) -> str:
    r"""Return LaTeX source that defines a macro for each value.

    Parameters
    ----------
    values : iterable of (str, str)
        The name of each value, in letters, and its LaTeX source.
    prefix : str
        What the names of all macros begin with.

    Raises
    ------
    UserError
        If two values have one name.
    """
    lines: dict[str, str] = {}
    for name, value in values:
        if name in lines:
            raise UserError(f"two values would be the LaTeX macro \\{prefix}{name}; rename a run or a data set")
        lines[name] = f"\\newcommand{{\\{prefix}{name}}}{{{value}}}"
    return "\n".join(lines.values()) + "\n"


def long_table(columns: Mapping[str, str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table that may be longer than a page, in the style of booktabs.

    Parameters
    ----------
    columns : mapping of str to str
        The alignment of each column as LaTeX writes it, by its heading.
    rows : iterable of sequence of str
        The cells of each row, as LaTeX source.
    """
    heading = " & ".join(escaped(name) for name in columns) + r" \\"
    body = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return "\n".join(
        [
            rf"\begin{{longtable}}{{@{{}}{''.join(columns.values())}@{{}}}}",
            r"\toprule",
            heading,
            r"\midrule",
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            body,
            r"\end{longtable}",
            "",
        ]
    )
