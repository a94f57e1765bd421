"""Snakemake's own limit on new jobs is taken away, because it costs a thread for each job. A user's limit stays."""

import subprocess
import sys
from pathlib import Path

import pytest

from repdrift.places import LIBRARY

JOBS = 20
# The job `counting` counts the threads of Snakemake, which is the parent of its shell. The job `waiting` waits for the
# core meanwhile.
SNAKEFILE = f"""
import sys

sys.path.insert(0, {str(LIBRARY)!r})
from repdrift.machine.scheduler import take_away_rate_limit

onstart:
    if config.get("taken_away"):
        take_away_rate_limit(workflow.scheduler)
    limiter = workflow.scheduler.job_rate_limiter
    print("limit:", limiter and (limiter.max_jobs, limiter.timespan))

rule all:
    input:
        expand("short{{number}}", number=range({JOBS})), "threads", "waiting"

rule short:
    output: "short{{number}}"
    priority: 3
    shell: "touch {{output}}"

rule counting:
    output: "threads"
    priority: 2
    shell: "grep Threads /proc/$PPID/status > {{output}}"

rule waiting:
    output: "waiting"
    priority: 1
    shell: "touch {{output}}"
"""


def run(folder: Path, *options: str) -> tuple[str, int]:
    """Run the small workflow. Return what it says of its limit, and how many threads it has at the end."""
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *options]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    (limit,) = [line for line in ended.stdout.splitlines() if line.startswith("limit:")]
    return limit.removeprefix("limit: "), int((folder / "threads").read_text().split()[1])


def test_without_the_limit_the_threads_do_not_grow_with_the_jobs(tmp_path):
    limit, threads = run(tmp_path, "--config", "taken_away=true")
    assert limit == "None"
    assert threads < JOBS


def test_snakemake_still_needs_this(tmp_path):
    """When this fails, Snakemake leaves no thread behind any more, and `take_away_rate_limit` can go."""
    limit, threads = run(tmp_path)
    assert limit == "(100, 1.0)"
    assert threads > JOBS


@pytest.mark.parametrize("limit", ["50/1s", "100/2s"])
def test_a_limit_of_the_user_stays(tmp_path, limit):
    said, _ = run(tmp_path, "--config", "taken_away=true", "--max-jobs-per-timespan", limit)
    assert said == {"50/1s": "(50, 1.0)", "100/2s": "(100, 2.0)"}[limit]
