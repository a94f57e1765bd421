"""What all stages share: their common flags, and one clear line for what a user can cause."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from repdrift.errors import UserError
from repdrift.provenance import fingerprint


def parser(description: str | None) -> argparse.ArgumentParser:
    """Argument parser with the two flags of every stage, ``--spec`` (JSON) and ``--code``."""
    flags = argparse.ArgumentParser(description=description, allow_abbrev=False)
    flags.add_argument("--spec", type=json.loads, required=True, help="the settings of this job, as JSON")
    flags.add_argument("--code", default="", help="fingerprint of the code, kept in the sidecar")
    flags.add_argument("--output", type=Path, required=True)
    return flags


def run(program: str, main: Callable[[], None]) -> None:
    """Run a program under its name; what a user can mend ends it with one line and exit code 1."""
    fingerprint.running = program
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
