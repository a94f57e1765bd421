"""The environment variables with which the programs of the rules run.

The Snakefile imports this module, so it needs nothing heavy.
"""

import os
import sys
from pathlib import Path


def use_this_python(library: Path) -> None:
    """Let child processes use this Python and import this library, whatever the user's shell sets.

    This lets ``.venv/bin/snakemake`` work in an environment that is not activated. A conda environment of a rule still
    takes precedence.
    """
    for variable, path in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", library)):
        rest = os.environ.get(variable)
        os.environ[variable] = f"{path}{os.pathsep}{rest}" if rest else str(path)
