"""Delete the results of a study, but not the decoded data sets, which studies share.

With --keep-figures, the figures and their tables are kept as well.
"""

import argparse
import shutil
from pathlib import Path

from repdrift.errors import UserError

RESULTS = Path("results")
SHARED = ("datasets", "logs")
KEPT = ("figures", "tables")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", help="name of the study (`study` in the config)")
    parser.add_argument("--keep-figures", action="store_true", help="keep figures and their tables")
    parser.add_argument("--dry-run", action="store_true", help="print what would be deleted, and delete nothing")


def run(args: argparse.Namespace) -> None:
    folder = RESULTS / args.study
    if len(folder.parts) != 2 or args.study in ("..", *SHARED) or not folder.is_dir():
        studies = sorted(path.name for path in RESULTS.glob("*") if path.is_dir() and path.name not in SHARED)
        raise UserError(f"{args.study!r} is no study in {RESULTS}/; there are {', '.join(studies) or 'none'}")
    doomed = [path for path in sorted(folder.iterdir()) if not (args.keep_figures and path.name in KEPT)]
    size = sum(size_of(path) for path in doomed)
    if not args.dry_run:
        for path in doomed:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
    names = ", ".join(path.name for path in doomed) or "nothing"
    print(f"{folder}: {'would delete' if args.dry_run else 'deleted'} {names}: {size / 1e6:,.0f} MB")


def size_of(path: Path) -> int:
    """Return the size in bytes of a file, or of all files in a folder."""
    return sum(each.lstat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())
