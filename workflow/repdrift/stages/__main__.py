"""Run a program of the workflow by its name, as in ``python -m repdrift.stages train --spec ...``."""

import sys
from importlib import import_module

from repdrift.machine import launcher


def main() -> None:
    status = launcher.run(sys.argv[1:])
    if status is not None:
        sys.exit(status)
    # A process that only waits for the launcher does not need these modules.
    from repdrift import command  # noqa: PLC0415
    from repdrift.provenance.parts import programs  # noqa: PLC0415

    name, *words = sys.argv[1:] or [""]
    if name not in programs():
        sys.exit(f"error: there is no program {name!r}; there are {', '.join(sorted(programs()))}")
    sys.argv = [name, *words]
    command.run(name, import_module(f"repdrift.{programs()[name]}").main)


if __name__ == "__main__":
    main()
