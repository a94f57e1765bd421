"""Clocks that jump, coarse times, folders that cannot be written to, and two Snakemakes in one folder."""

import os
import random
import shutil
import subprocess
import time

import pytest
from tests.workflow.tiny import FIGURES, TINY

FIGURE = "results/tiny/figures/fig4.svg"


def files_of(study):
    return [path for path in (study.folder / "results").rglob("*") if path.is_file()]


def test_with_any_times_of_files_the_outputs_are_the_same(spoilt_study):
    """As after a clock that has jumped forth and back, or a copy that kept no times."""
    before, chance, now = spoilt_study.contents(), random.Random(0), time.time()
    for path in files_of(spoilt_study):
        moment = now + chance.uniform(-1e6, 1e6)
        os.utime(path, (moment, moment))
    spoilt_study.snakemake(*FIGURES, *TINY)
    assert spoilt_study.contents() == before
    # What was made of files of the future is older than they are, until the clock has come so far: it is made again.
    for path in files_of(spoilt_study):
        os.utime(path, (now, now))
    assert spoilt_study.planned(*FIGURES, *TINY) == set()
    spoilt_study.repdrift("verify", "results/tiny")


def test_times_of_two_seconds_make_nothing_run_again(spoilt_study):
    for path in files_of(spoilt_study):
        moment = path.stat().st_mtime // 2 * 2
        os.utime(path, (moment, moment))
    assert spoilt_study.planned(*FIGURES, *TINY) == set()


def test_two_snakemakes_in_one_folder(spoilt_study):
    """The second one is refused by Snakemake's lock, and the first one ends as if it were alone."""
    before = spoilt_study.contents()
    for part in ("similarity", "tables", "figures"):
        shutil.rmtree(spoilt_study.folder / "results" / "tiny" / part)
    first = spoilt_study.start(*FIGURES, *TINY, "--cores", "1")
    deadline = time.monotonic() + 300
    while not (spoilt_study.folder / "results" / "tiny" / "similarity").exists():
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    second = spoilt_study.snakemake(*FIGURES, *TINY, "--cores", "1", check=False)
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.output
    assert "Traceback" not in second.output
    assert first.wait(600) == 0
    assert spoilt_study.contents() == before


@pytest.fixture
def read_only(spoilt_study):
    """Mount the results so that nobody may write to them, and give what lets people write again."""
    results = str(spoilt_study.folder / "results")
    mounts = [["mount", "--bind", results, results], ["mount", "-o", "remount,bind,ro", results]]
    for path in (spoilt_study.folder / FIGURE).parent.glob("fig4.*"):
        path.unlink()
    if os.getuid() or not shutil.which("mount") or any(subprocess.run(one, check=False).returncode for one in mounts):
        if os.environ.get("REPDRIFT_REQUIRE_SLURM"):
            pytest.fail("a folder cannot be mounted")
        pytest.skip("only root can mount a folder")
    ended = []

    def end():
        if not ended:
            subprocess.run(["umount", "--lazy", results], check=True)
            ended.append(True)

    yield end
    end()


def test_results_that_cannot_be_written_to_lose_nothing_and_are_named(spoilt_study, read_only):
    before = spoilt_study.contents()
    refused = spoilt_study.snakemake("fig4", *TINY, "--cores", "1", check=False)
    assert refused.returncode == 1
    assert "results/tiny: this folder cannot be written to" in refused.output, refused.output[-3000:]
    assert "Traceback" not in refused.output
    assert spoilt_study.contents() == before
    assert spoilt_study.repdrift("verify", "results/tiny").returncode == 0
    read_only()
    spoilt_study.snakemake("fig4", *TINY, "--rerun-incomplete")
    assert (spoilt_study.folder / FIGURE).exists()
