"""A copy of the workflow in an empty folder, and Snakemake run in it as a user runs it."""

import os
import shutil
import subprocess
import sys

import pytest
from tests.conftest import DATA, REPOSITORY
from tests.workflow.browser import browser

__all__ = ["browser"]

PARTS = ("Snakefile", "config.yaml", "presets", "profiles", "workflow", "envs")
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "OMP_NUM_THREADS")}


class Checkout:
    """The workflow's files, and nothing else, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            source, target = REPOSITORY / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        if DATA.exists():
            (folder / "data").symlink_to(DATA)

    def snakemake(self, *arguments, check=True):
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        done.output = done.stdout + done.stderr
        if check:
            logs = "\n".join(f"{path}: {path.read_text()}" for path in self.folder.glob("results/**/*.log"))
            assert done.returncode == 0, done.output[-5000:] + logs[-5000:]
        return done

    def start(self, *arguments):
        """Snakemake in the background, in a process group of its own, as a shell would start it."""
        with (self.folder / "snakemake.out").open("w") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "snakemake", *arguments],
                cwd=self.folder,
                env=ENVIRONMENT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def jobs(self, *arguments):
        """Rules and their numbers of jobs that a dry run lists."""
        output = self.snakemake(*arguments, "-n", "--quiet", "rules").output
        if "Nothing to be done" in output:
            return {}
        lines = output.split("Job stats:")[1].split("total")[0].splitlines()
        rows = [line.split() for line in lines if len(line.split()) == 2 and line.split()[1].isdigit()]
        return {rule: int(count) for rule, count in rows}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("checkout"))
