"""The config files that a command takes, as Snakemake does."""

import argparse
from pathlib import Path
from typing import Any

from repdrift.plan.checking import check
from repdrift.study.config import complete, load


def add_configfile(parser: argparse.ArgumentParser) -> None:
    """Let a command take config files."""
    parser.add_argument("--configfile", type=Path, nargs="+", default=[], metavar="FILE", help="laid over config.yaml")


def checked(args: argparse.Namespace) -> dict[str, Any]:
    """Return the whole config of the files that a command was given, checked.

    Raises
    ------
    UserError
        If something in it is wrong.
    """
    return check(complete(load(args.configfile)))
