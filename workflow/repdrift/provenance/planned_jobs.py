"""The jobs of the workflow as Snakemake plans them now: their files, settings and code."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from repdrift.errors import UserError
from repdrift.extras import require
from repdrift.places import LIBRARY, snakefile_flags

HINT = re.compile(r" \(if you use input functions .*")  # Snakemake's advice to authors of workflows
# Words of a job's command, each before the word that it is about. A spec may also be the standard input.
FLAGS = {"repdrift.stages": "repdrift.stages", "--spec": "--spec", "<<<": "--spec", "--code": "--code"}


@dataclass(frozen=True)
class PlannedJob:
    """A job as Snakemake would run it now: its files, program, settings and code, and Snakemake's reason to run it."""

    rule: str
    wildcards: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    reason: str
    program: str
    spec: dict[str, Any]
    code: str
    log: str = ""


@dataclass(frozen=True)
class RecordedJob:
    """What Snakemake has recorded of the job that made a file last: the files that it read, and its settings."""

    inputs: tuple[Path, ...]
    spec: dict[str, Any]


def planned_jobs(
    targets: Iterable[Path], configfiles: Sequence[str], *flags: str, snakefile: str | None = None
) -> list[PlannedJob]:
    """Give the jobs that Snakemake would run for some files, or for the whole study if none are named.

    Parameters
    ----------
    targets : iterable of Path
        The files that are wanted.
    configfiles : sequence of str
        Config files, as for Snakemake.
    flags : str
        More of Snakemake's flags; with ``--forceall`` it lists all jobs, those that are up to date too.
    snakefile : str, optional
        The workflow; by default that which Snakemake finds in the working directory, or else our own.

    Raises
    ------
    UserError
        If Snakemake refuses: a wrong config, or a file that the study does not make.
    """
    found, _ = snakemake(["--dry-run", *snakefile_flags(snakefile), *flags], configfiles, targets)
    return [planned_job(job) for job in found if job["output"]]


def planned_job(said: Mapping[str, Any]) -> PlannedJob:
    """Make a job of what Snakemake tells its loggers of it."""
    words = flags_of(said["command"])
    return PlannedJob(
        rule=said["rule"],
        wildcards=", ".join(f"{name}={value}" for name, value in said["wildcards"].items()),
        inputs=tuple(map(Path, said["input"])),
        outputs=tuple(map(Path, said["output"])),
        reason=said["reason"].strip(),
        program=words.get("repdrift.stages", ""),
        spec=json.loads(words.get("--spec", "{}")),
        code=words.get("--code", ""),
        log=next(iter(said["log"]), ""),
    )


def recorded_jobs(configfiles: Sequence[str]) -> dict[Path, RecordedJob]:
    """Give what Snakemake has recorded of each file of the study, also of those that have been deleted since.

    Files of which it has no record are left out.
    """
    _, printed = snakemake(["--detailed-summary", *snakefile_flags()], configfiles)
    return recorded_in(printed)


def recorded_in(summary: str) -> dict[Path, RecordedJob]:
    """Return the jobs by their files, from what ``snakemake --detailed-summary`` prints.

    Its table has a header and no quotes. A command can be longer than the longest cell that the module csv reads.
    """
    header, *rows = [line.split("\t") for line in summary.splitlines() if line.count("\t") == 7] or [[]]
    found = {}
    for cells in rows:
        row = dict(zip(header, cells, strict=True))
        spec = flags_of(row["shellcmd"]).get("--spec")
        if spec is not None:
            inputs = tuple(map(Path, row["input-file(s)"].split(",")))
            found[Path(row["output_file"])] = RecordedJob(inputs, json.loads(spec))
    return found


def snakemake(
    flags: Sequence[str], configfiles: Sequence[str], targets: Iterable[Path] = ()
) -> tuple[list[dict[str, Any]], str]:
    """Run Snakemake on the workflow of this folder, with the user's profiles.

    Returns
    -------
    jobs : list of dict
        What Snakemake says of each job that it runs, or would run.
    printed : str
        What it writes to its standard output.

    Raises
    ------
    UserError
        If Snakemake is not installed or ends with an error.
    """
    require("snakemake", "this command")
    configs = ["--configfile", *configfiles] if configfiles else []
    arguments = ["--quiet", "rules", "--nocolor", *flags, *configs, "--", *map(str, targets)]
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    with TemporaryDirectory() as folder:
        told = Path(folder) / "jobs.json"
        done = subprocess.run(
            [sys.executable, "-m", "repdrift.provenance.logged_snakemake", str(told)],
            input=json.dumps(arguments),
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UserError(f"snakemake refuses: {refusal(done.stdout + done.stderr)}")
        return json.loads(told.read_text(encoding="utf-8")), done.stdout


def refusal(output: str) -> str:
    """Give the line that says what Snakemake refuses."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if re.match(r"\w*(Error|Exception)\b.*:$", line):
            return HINT.sub("", " ".join(lines[number + 1 : number + 2])) or line
    return lines[-1] if lines else "it says nothing"


def flags_of(command: str) -> dict[str, str]:
    """Give the program, spec and code in a job's shell command, by the words before them."""
    return {FLAGS[word]: value for word, value in pairwise(shlex.split(command)) if word in FLAGS}
