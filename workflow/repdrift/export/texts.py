"""The files of a LaTeX export: the macros, the tables, and a document that shows all of them."""

from pathlib import Path

from repdrift.errors import UserError
from repdrift.export import numbers, tables
from repdrift.export.finished import Finished
from repdrift.export.latex import SOME_PACKAGES, escaped, macros

NUMBERS, PREVIEW = "numbers.tex", "preview.tex"


def write(study: Finished, folder: Path, prefix: str) -> str:
    """Write the files, and return in words what was written. Equal studies give equal bytes.

    Raises
    ------
    UserError
        If the folder has other files in it.
    """
    defined = list(numbers.every(study))
    found = {NUMBERS: macros(defined, prefix), **tables.every(study)}
    found[PREVIEW] = preview(study, list(found), prefix)
    others = sorted({path.name for path in folder.glob("*.tex")} - set(found)) if folder.is_dir() else []
    if others:
        raise UserError(f"{folder}: has other files in it ({', '.join(others)}); name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    return f"{folder}: {len(defined):,} macros in {NUMBERS}, {len(found) - 2} tables, and {PREVIEW}, which shows them"


def preview(study: Finished, files: list[str], prefix: str) -> str:
    """Return a document that shows the tables and some of the numbers."""
    inputs = "\n".join(rf"\input{{{name}}}" for name in files if name != NUMBERS)
    sentence = rf"\{prefix}Claims{{}} claims were judged on \{prefix}Seeds{{}} seeds of \{prefix}Network{{}}:"
    counts = rf"\{prefix}ClaimsSupported{{}} supported, \{prefix}ClaimsContradicted{{}} contradicted,"
    rest = rf"\{prefix}ClaimsNegligible{{}} negligible and \{prefix}ClaimsUndecided{{}} undecided."
    return "\n".join(
        [
            r"\documentclass[a4paper,10pt]{article}",
            r"\usepackage[margin=20mm]{geometry}",
            SOME_PACKAGES + rf"\input{{{NUMBERS}}}",
            r"\begin{document}",
            rf"\section*{{The study {escaped(study.name)}}}",
            f"{sentence} {counts} {rest}",
            r"\small",
            inputs,
            r"\end{document}",
            "",
        ]
    )
