"""What grows with the number of seeds: no argument of a command does, because Linux limits the length of each."""

import json
import shlex
import subprocess
import sys
from itertools import pairwise

from tests.checkout import REPOSITORY, Checkout
from tests.workflow.tiny import COMPLETE

from repdrift.provenance.planned_jobs import planned_jobs, snakemake

LONGEST = 131_071  # bytes of an argument


def longest_arguments(configfiles):
    """Give the length of the longest argument of each program; what follows <<< is the standard input."""
    found = {}
    for job in snakemake(["--dry-run", "--forceall"], configfiles)[0]:
        words = shlex.split(job["command"])
        if "repdrift.stages" in words:
            arguments = [word for before, word in pairwise(words) if before != "<<<"]
            program = words[words.index("repdrift.stages") + 1]
            found[program] = max(found.get(program, 0), *map(len, arguments))
    return found


def test_no_argument_grows_with_the_number_of_seeds(tmp_path, monkeypatch):
    Checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    lengths = []
    for last in (2, 5):
        (tmp_path / "few.yaml").write_text(COMPLETE.replace("seeds: [1]", f"seeds: {list(range(1, last + 1))}"))
        lengths.append(longest_arguments(["few.yaml"]))
    assert lengths[0] == lengths[1]
    assert len(lengths[0]) > 20


def test_a_table_of_more_files_than_fit_into_an_argument_is_made(tmp_path, monkeypatch):
    count = 4000
    (tmp_path / "one.csv").write_text("epoch,value\n1,2\n")
    spec = {"panels": [], "columns": [{"run": f"some-run-{number}", "seed": number} for number in range(count)]}
    assert len(json.dumps(spec)) > LONGEST
    done = subprocess.run(
        [sys.executable, "-m", "repdrift.stages", "table", "--spec", "-", "--rows", *["one.csv"] * count,
         "--output", "table.csv"],
        input=json.dumps(spec), cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(REPOSITORY / "workflow")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 1 + count


def test_a_spec_that_is_the_standard_input_is_known_of_a_planned_job(tmp_path, monkeypatch):
    Checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.yaml").write_text(COMPLETE)
    tables = [job for job in planned_jobs([], ["few.yaml"], "--forceall") if job.program == "table"]
    assert tables
    assert all("columns" in job.spec for job in tables)
