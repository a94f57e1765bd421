"""What the system refuses a job, in one line: a file that is gone, a folder that cannot be written to, memory.

The Snakefile and every program import this module, so it needs nothing heavy.
"""

import errno
import os
from pathlib import Path

from repdrift.errors import UserError
from repdrift.machine.memory import is_shortage

REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def explained(error: Exception) -> str | None:
    """Return what a user can do about an error of the system, or None if the error is another one."""
    if is_shortage(error):
        return "not enough memory: run fewer jobs at a time (snakemake --cores), or set fewer images"
    if not isinstance(error, OSError) or error.filename is None:
        return None
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: this file or its folder is gone: run again, or put it back if it is one of your own"
    if error.errno in REFUSED:
        return f"{error.filename}: {error.strerror}: this user may not read or write it; run again when it is allowed"
    return f"{error.filename}: {error.strerror}"


def check_writable(folder: Path) -> None:
    """Refuse to begin where results cannot be written.

    Raises
    ------
    UserError
        If the folder, or the nearest folder above it that exists, cannot be written to.
    """
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(
            f"{existing}: this folder cannot be written to: change its permissions or its mount, and run again"
        )
