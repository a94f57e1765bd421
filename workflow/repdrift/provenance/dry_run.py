"""What Snakemake would run now, and why, in terms of the sidecars: a dry run, read."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from repdrift.errors import UserError
from repdrift.provenance.artifacts import record
from repdrift.provenance.verification import changed_modules

JOB = re.compile(
    r"^(?:local)?rule (?P<rule>\w+):\n(?P<details>(?:    .*\n)+)(?:Shell command: (?P<command>.*)\n)?", re.MULTILINE
)
DERIVED = "Input files updated by another job: "
UPDATED = "Updated input files: "


@dataclass(frozen=True)
class PlannedJob:
    """A job of a dry run: its settings and code as they would be, and Snakemake's reason."""

    rule: str
    wildcards: str
    outputs: tuple[Path, ...]
    reason: str
    spec: dict[str, Any]
    code: str

    def causes(self) -> list[str]:
        """Say why it would run, compared with how its output was made; nothing, if only because another job runs."""
        missing = [path for path in self.outputs if not path.exists()]
        made = next(filter(None, map(record, self.outputs)), None)
        if made is None:
            return ["never made"]
        found = [f"missing: {path}" for path in missing if str(path) in self.reason]
        found += [f"changed setting: {difference}" for difference in differences(made["spec"], self.spec)]
        if made.get("code") != self.code:
            found.append(f"changed code: {', '.join(changed_modules(made)) or 'it is not recorded which'}")
        if self.reason.startswith(UPDATED):
            found.append(f"changed input: {self.reason.removeprefix(UPDATED)}")
        if found or self.reason.startswith(DERIVED):
            return found
        return [self.reason]


def planned(target: Path, configfiles: Sequence[str], snakefile: str | None = None) -> list[PlannedJob]:
    """Jobs that Snakemake would run for a file.

    Parameters
    ----------
    target : Path
        The file, relative to the working directory.
    configfiles : sequence of str
        What is laid over ``config.yaml``.
    snakefile : str, optional
        The workflow; by default that which Snakemake finds in the working directory.

    Raises
    ------
    UserError
        If Snakemake refuses: a wrong config, or a file that the study does not make.
    """
    configs = ["--configfile", *configfiles] if configfiles else []
    workflow = ["--snakefile", snakefile] if snakefile else []
    flags = ["--dry-run", "--printshellcmds", "--nocolor", *workflow, *configs]
    command = [sys.executable, "-m", "snakemake", str(target), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode:
        raise UserError(f"snakemake refuses: {refusal(output)}")
    return [_job(found) for found in JOB.finditer(output)]


def refusal(output: str) -> str:
    """Give the line that says what Snakemake refuses."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if re.match(r"\w*(Error|Exception)\b.*:$", line):
            return " ".join(lines[number + 1 : number + 2]) or line
    return lines[-1] if lines else "it says nothing"


def _job(found: re.Match[str]) -> PlannedJob:
    details = dict(re.findall(r"^    (\w+): (.*)$", found["details"], flags=re.MULTILINE))
    words = shlex.split(found["command"] or "")
    flags = {word: value for word, value in pairwise(words) if word in ("--spec", "--code")}
    return PlannedJob(
        rule=found["rule"],
        wildcards=details.get("wildcards", ""),
        outputs=tuple(map(Path, filter(None, details.get("output", "").split(", ")))),
        reason=details.get("reason", "").strip(),
        spec=json.loads(flags.get("--spec", "{}")),
        code=flags.get("--code", ""),
    )


def differences(before: object, now: object, key: str = "") -> Iterator[str]:
    """Give each setting that differs: its key, with dots, what it was and what it would be."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted({*before, *now}):
            yield from differences(before.get(name), now.get(name), f"{key}.{name}" if key else name)
    elif before != now:
        yield f"{key} {shortened(before)} -> {shortened(now)}"


def shortened(value: object, length: int = 90) -> str:
    """Give a value as JSON, cut if it is long."""
    text = json.dumps(value)
    return text if len(text) <= length else text[: length - 3] + "..."
