"""Write a finished study as tables and numbers for a LaTeX text (--latex), or as an RO-Crate for an archive (--crate).

The study is its name, or the folder of its results. docs/publishing.md lists the files and the names of the macros.
"""

import argparse
from pathlib import Path

from repdrift.errors import UserError
from repdrift.export.finished import Finished

DEFAULT = Path("results", "exported")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="name of the study, or results/STUDY")
    where = "into this folder; default: results/exported/STUDY-{}"
    parser.add_argument("--latex", nargs="?", const="", metavar="DIR", help=where.format("latex"))
    parser.add_argument("--crate", nargs="?", const="", metavar="DIR", help=where.format("crate"))
    parser.add_argument("--prefix", default="rd", help="what the names of the macros begin with; default: rd")
    parser.add_argument("--license", metavar="URL", help="the license of the crate, such as that of CC BY 4.0")


def run(args: argparse.Namespace) -> None:
    if args.latex is None and args.crate is None:
        raise UserError("say what to export: --latex, --crate or both")
    if not (args.prefix.isascii() and args.prefix.isalpha()):
        raise UserError(f"--prefix {args.prefix}: the name of a LaTeX macro has letters alone; use letters")
    study = Finished.named(args.study)
    if args.latex is not None:
        from repdrift.export import texts  # noqa: PLC0415  imports the drawing library

        folder = Path(args.latex or DEFAULT / f"{study.name}-latex")
        print(texts.write(study, folder, args.prefix))
    if args.crate is not None:
        from repdrift.export import crate  # noqa: PLC0415  imports a library that is an extra

        folder = Path(args.crate or DEFAULT / f"{study.name}-crate")
        print(crate.write(study, folder, args.license))
