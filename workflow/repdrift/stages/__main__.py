"""Run a program of the workflow by its name, as in ``python -m repdrift.stages train --spec ...``."""

import sys
from importlib import import_module

from repdrift import command
from repdrift.provenance.parts import programs


def main() -> None:
    name, *words = sys.argv[1:] or [""]
    if name not in programs():
        sys.exit(f"error: there is no program {name!r}; there are {', '.join(sorted(programs()))}")
    sys.argv = [name, *words]
    command.run(name, import_module(f"repdrift.{programs()[name]}").main)


if __name__ == "__main__":
    main()
