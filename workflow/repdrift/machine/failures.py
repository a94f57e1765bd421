"""What went wrong in a run of the workflow, in one line for each job that failed.

The Snakefile imports this module, so it needs nothing heavy.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from repdrift.machine.walking import files_below

ERROR = re.compile(r"^(error: |[\w.]*(Error|Exception|Interrupt)\b)")


def print_failures(folders: Iterable[str], since: float) -> None:
    """Print the last line of each log in which a job ended with an error, to the standard error.

    Parameters
    ----------
    folders : iterable of str
        The folders of the logs.
    since : float
        When the run began, in seconds since 1970. Older logs are of earlier runs.
    """
    lines = list(failures(folders, since))
    if lines:
        print("What failed:", *lines, sep="\n  ", file=sys.stderr)


def failures(folders: Iterable[str], since: float) -> Iterable[str]:
    """Yield the error at the end of each log, after the name of the log, see `print_failures`."""
    for path in sorted(path for folder in folders for path in files_below(Path(folder)) if path.suffix == ".log"):
        if path.stat().st_mtime < since:
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines and ERROR.match(lines[-1]):
            yield f"{path}: {lines[-1]}"
