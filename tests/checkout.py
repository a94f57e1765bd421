"""A copy of the workflow in an empty folder, and Snakemake run in it, or in another folder, as a user runs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
DATA = REPOSITORY / "data"
PARTS = ("Snakefile", "config.yaml", "presets", "profiles", "workflow", "envs", "docs/reference")
VARYING = (".log", ".json", ".html")
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "OMP_NUM_THREADS")}


class WorkingFolder:
    """A folder in which Snakemake is run; `library` is the clone's folder `workflow`, as seen from it."""

    def __init__(self, folder, library="workflow"):
        self.folder = folder
        self.library = str(library)

    def snakemake(self, *arguments, check=True):
        return self.run(["-m", "snakemake", *arguments], check)

    def repdrift(self, *arguments, check=True):
        """The command `repdrift` of the clone, not of the environment."""
        start = f"import sys; sys.path.insert(0, {self.library!r}); from repdrift.cli import main; main()"
        return self.run(["-c", start, *arguments], check)

    def run(self, arguments, check):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
        done.output = done.stdout + done.stderr
        if check:
            assert done.returncode == 0, done.output[-5000:] + "\n".join(self.complaints())
        return done

    def contents(self):
        """All files that were made, by their paths, but for those with times in them: logs, sidecars and reports."""
        files = [path for path in (self.folder / "results").rglob("*") if path.is_file() and path.suffix not in VARYING]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    def complaints(self):
        """Logs of jobs that say what is wrong."""
        texts = {path: path.read_text() for path in self.folder.glob("results/**/*.log")}
        return [f"{path}: {text[-3000:]}" for path, text in texts.items() if "rror" in text]

    def start(self, *arguments):
        """Snakemake in the background, in a process group of its own, as a shell would start it.

        What a shell itself runs in the background has no Ctrl-C, and neither would this; under nohup it has no SIGHUP.
        """
        with (self.folder / "snakemake.out").open("w") as output:
            return subprocess.Popen(
                ["env", "--default-signal=INT,HUP", sys.executable, "-m", "snakemake", *arguments],
                cwd=self.folder,
                env=ENVIRONMENT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def planned(self, *arguments):
        """Every job that a dry run lists, as its rule and its wildcards in the order of the path."""
        output = self.snakemake(*arguments, "--dry-run", "--nocolor").output
        found = set()
        for rule, details in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", output, flags=re.MULTILINE):
            if "    output: " in details:  # not `all` and the targets
                wildcards = re.search(r"^    wildcards: (.*)", details, flags=re.MULTILINE).group(1)
                values = [pair.partition("=")[2] for pair in wildcards.split(", ")]
                # The name of a data set's folder ends with a hash of its settings.
                found.add(" ".join([rule, *(re.sub(r"-[0-9a-f]{8}$", "", value) for value in values)]))
        assert found or "Nothing to be done" in output, output
        return found

    def jobs(self, *arguments):
        """Rules and their numbers of jobs that a dry run lists."""
        output = self.snakemake(*arguments, "-n", "--quiet", "rules").output
        if "Nothing to be done" in output:
            return {}
        lines = output.split("Job stats:")[1].split("total")[0].splitlines()
        rows = [line.split() for line in lines if len(line.split()) == 2 and line.split()[1].isdigit()]
        return {rule: int(count) for rule, count in rows}


class Checkout(WorkingFolder):
    """The workflow's files in a folder of their own: put there as a clone has them, or found there, if not new."""

    def __init__(self, folder, new=True):
        super().__init__(folder)
        if new:
            self.put_files()

    def put_files(self):
        for part in PARTS:
            source, target = REPOSITORY / part, self.folder / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, target, ignore=ignored, copy_function=shutil.copyfile, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)
        if DATA.exists() and not (self.folder / "data").exists():
            (self.folder / "data").symlink_to(DATA)
