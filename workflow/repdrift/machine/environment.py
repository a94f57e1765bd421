"""The environment in which the rules' programs run. Standard library only: the Snakefile imports it."""

import os
import sys
from pathlib import Path


def use_this_python(library: Path) -> None:
    """Let programs started from here run with this Python and import this library, whatever the user's shell has.

    ``.venv/bin/snakemake`` works without the environment being activated. A conda environment that a rule names still
    goes before.
    """
    for variable, path in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", library)):
        rest = os.environ.get(variable)
        os.environ[variable] = f"{path}{os.pathsep}{rest}" if rest else str(path)
