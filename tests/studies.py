"""Studies that many tests read: each is made once, by the first test that asks, also where tests run side by side."""

import os
import shutil

from filelock import FileLock

from tests.checkout import Checkout
from tests.workflow import tiny


def shared(tmp_path_factory, name, make):
    """Give the folder that `make` has filled, once for all processes that run the tests.

    Raises
    ------
    AssertionError
        If another process has tried to make it and has failed.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process then has a folder of its own in a common one
        root = root.parent
    folder, finished = root / name, root / f"{name}.finished"
    with FileLock(root / f"{name}.lock"):
        if not folder.exists():
            folder.mkdir()
            make(folder)
            finished.touch()
    assert finished.exists(), f"the study {name} could not be made; the test that asked for it first says why"
    return folder


def copied(folder, to):
    """Copy a checkout with its results and Snakemake's records; what has run there has run in the copy."""
    shutil.copytree(folder, to, symlinks=True, dirs_exist_ok=True)
    return Checkout(to, new=False)


def make_tiny(folder):
    """Run the six figures of the tiny study."""
    made = Checkout(folder)
    (folder / "tiny.yaml").write_text(tiny.OVERLAY)
    (folder / "change.yaml").write_text("{}\n")
    assert made.planned(*tiny.FIGURES, *tiny.TINY) == set(tiny.graph())
    made.snakemake(*tiny.FIGURES, *tiny.TINY)


def make_complete(folder, made_tiny):
    """Run everything that the workflow can make, on top of a copy of the tiny study."""
    made = copied(made_tiny, folder)
    (folder / "complete.yaml").write_text(tiny.COMPLETE)
    made.snakemake(*tiny.EVERYTHING)
