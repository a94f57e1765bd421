"""The command `repdrift`: what is useful without a workflow, or beside one."""

import argparse
import sys
from collections.abc import Sequence

from repdrift.commands import adopt, clean, explain, forecast, judge, layers, new, publish, similarity, status, verify
from repdrift.errors import UserError

COMMANDS = {
    "new": new,
    "forecast": forecast,
    "layers": layers,
    "similarity": similarity,
    "status": status,
    "verify": verify,
    "explain": explain,
    "adopt": adopt,
    "publish": publish,
    "judge": judge,
    "clean": clean,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; what a user can mend ends it with one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="repdrift", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        described = str(module.__doc__)
        module.add_arguments(commands.add_parser(name, help=described.splitlines()[0], description=described))
    args = parser.parse_args(arguments)
    try:
        COMMANDS[args.command].run(args)
    except UserError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
