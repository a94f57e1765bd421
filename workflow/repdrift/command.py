"""The command line of all programs: the flags that they share, and how they end with an error."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from repdrift.errors import UserError
from repdrift.machine.system_errors import explained
from repdrift.provenance import fingerprint
from repdrift.specs import parse


def parser(description: str | None, spec: type[object]) -> argparse.ArgumentParser:
    """Make an argument parser with the flags that all programs share. It parses ``--spec`` as the given type."""

    def settings(text: str) -> object:
        return parse(spec, sys.stdin.read() if text == "-" else text)

    flags = argparse.ArgumentParser(description=description, allow_abbrev=False)
    told = "the settings of this job, as JSON; - if they are the standard input"
    flags.add_argument("--spec", type=settings, required=True, help=told)
    flags.add_argument("--code", default="", help="fingerprint of the code, kept in the sidecar")
    flags.add_argument("--output", type=Path, required=True)
    return flags


def run(program: str, main: Callable[[], None]) -> None:
    """Run a program under its name. If the user can mend its error, end with the line of the error and exit code 1.

    These errors are those of the user's settings and files, and those of the system, such as a lack of memory.
    """
    fingerprint.running = program
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
    except (OSError, MemoryError, RuntimeError) as error:
        line = explained(error)
        if line is None:
            raise
        sys.exit(f"error: {line}")
