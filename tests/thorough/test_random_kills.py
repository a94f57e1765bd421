"""A study that is stopped at random moments, again and again, ends with the bytes of an undisturbed one."""

import os
import random
import shutil
import signal
import subprocess
import time

import psutil
import pytest
from tests.checkout import Checkout
from tests.thorough.amount import ASKED, amount
from tests.workflow import tiny

KILLS = amount(1)
# Many stops hit all rules of the workflow, and a few those of the six figures.
ARGUMENTS = tiny.EVERYTHING if ASKED else (*tiny.FIGURES, *tiny.TINY)
LATEST = 45.0  # seconds after which Snakemake is disturbed at the latest
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def processes_of(snakemake):
    """All processes of a Snakemake's session that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == snakemake.pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def stages_of(snakemake):
    """The processes of a Snakemake that run programs of the package."""
    return [each for each in processes_of(snakemake) if "repdrift.stages" in each.cmdline()]


def disturb(snakemake, chance):
    """Send a signal to Snakemake, to all its processes as a terminal does, or to one of its jobs; tell to which."""
    number = chance.choice(SIGNALS)
    jobs = stages_of(snakemake)
    whom = chance.choice(["Snakemake", "all", *(["job"] * 2 if jobs else [])])
    if whom == "all":
        os.killpg(snakemake.pid, number)
    else:
        victim = snakemake.pid if whom == "Snakemake" else chance.choice(jobs).pid
        try:
            os.kill(victim, number)
        except ProcessLookupError:
            return "nobody, since it had ended"
    return f"{number.name} to {whom}"


@pytest.fixture
def undisturbed(request):
    return request.getfixturevalue("complete_study" if ASKED else "made_tiny")


def test_stopped_at_random_moments_it_ends_with_the_same_bytes(undisturbed, tmp_path):
    expected = undisturbed.contents()
    study, chance, injected = Checkout(tmp_path), random.Random(KILLS), []
    for name in ("tiny.yaml", "change.yaml", "complete.yaml"):
        if (undisturbed.folder / name).exists():
            shutil.copyfile(undisturbed.folder / name, tmp_path / name)
    arguments = (*ARGUMENTS, "--cores", "2", "--rerun-incomplete", "--keep-going")
    while len(injected) < KILLS:
        snakemake = study.start(*arguments)
        try:
            snakemake.wait(chance.uniform(1, LATEST))
        except subprocess.TimeoutExpired:
            injected.append(disturb(snakemake, chance))
            snakemake.wait(600)
        else:  # all is done before its time: begin again
            assert snakemake.returncode == 0, (tmp_path / "snakemake.out").read_text()[-3000:]
            assert study.contents() == expected
            shutil.rmtree(tmp_path / "results")
            shutil.rmtree(tmp_path / ".snakemake")
        deadline = time.monotonic() + 300
        while left := processes_of(snakemake):  # jobs of a Snakemake that was killed run on to their ends
            assert time.monotonic() < deadline, left
            time.sleep(0.2)
        if snakemake.returncode == -signal.SIGKILL:
            study.snakemake(*ARGUMENTS, "--unlock")
    study.snakemake(*arguments)
    print(f"{KILLS} stops: {', '.join(injected)}")
    made = study.contents()
    assert sorted(made) == sorted(expected)
    assert [name for name in made if made[name] != expected[name]] == []
