"""The command `repdrift`: it compares networks, and it plans, runs and examines studies."""

import argparse
import ast
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from repdrift.errors import UserError
from repdrift.extras import extra_of, missing

COMMANDS = (
    *("new", "run", "forecast", "layers", "compare", "similarity", "status", "verify"),
    *("explain", "adopt", "publish", "judge", "report", "export", "clean"),
)  # each is a module in `repdrift.commands`
OF_FILES = ("similarity",)  # commands that need no study
RUN = "run"  # the command that takes words for Snakemake, and words in any order


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; what a user can mend ends it with one line and exit code 1."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="repdrift", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        text = described(name)
        command = commands.add_parser(name, help=text.splitlines()[0], description=text)
        if given[:1] == [name]:  # only this command is imported: some take seconds
            module = imported(name)
            module.add_arguments(command)
    words, behind = divided(given)
    args, unknown = parser.parse_known_args(words)
    args.given, args.behind, args.unknown = given, behind, unknown
    if unknown and args.command != RUN:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        module.run(args)
    except ModuleNotFoundError as error:
        sys.exit(f"error: {needed_by(args.command, error)}")
    except UserError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()


def imported(command: str) -> ModuleType:
    """Return the module of a command, or end in one line if it needs an extra that is not installed."""
    try:
        return import_module(place(command))
    except ModuleNotFoundError as error:
        sys.exit(f"error: {needed_by(command, error)}")


def needed_by(command: str, error: ModuleNotFoundError) -> UserError:
    """Return what to install for a command; an error that no extra mends is raised again."""
    module = (error.name or "").partition(".")[0]
    extra = extra_of(module)
    if extra is None:
        raise error
    # A command that belongs to a study needs the whole extra `workflow`, whichever package it misses first.
    return missing(module, f"repdrift {command}", extra if command in OF_FILES else "workflow")


def place(command: str) -> str:
    """Return the name of the module of a command."""
    return f"repdrift.commands.{command}"


def described(command: str) -> str:
    """Return the docstring of a command's module, which is read and not imported."""
    spec = find_spec(place(command))
    if spec is None or spec.origin is None:
        raise LookupError(f"the command {command} has no module")
    return ast.get_docstring(ast.parse(Path(spec.origin).read_bytes()), clean=False) or ""


def divided(words: list[str]) -> tuple[list[str], list[str]]:
    """Divide the words of a command at ``--``. What stands behind it in `repdrift run` is for Snakemake."""
    if words[:1] == [RUN] and "--" in words:
        at = words.index("--")
        return words[:at], words[at + 1 :]
    return words, []
