"""A training whose process is killed or told to stop anywhere goes on and ends with the same bytes."""

import os
import random
import signal
import time

import pytest
from tests.unit.stage import Stage, finish

KILLS = 6


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("resume") / "stage")
    process = made.start("whole")
    log, _ = process.communicate(timeout=300)
    assert process.returncode == 0, log
    assert "resumed" not in log
    assert not (made.folder / "whole" / ".resume").exists()
    return made


def test_killed_again_and_again_it_ends_with_the_same_bytes(stage):
    chance, resumed = random.Random(0), 0
    for _ in range(KILLS):
        process = stage.start("killed")
        for line in process.stdout:  # the training has begun, or gone on
            resumed += line.startswith("resumed")
            if line.startswith(("epoch", "resumed")):
                break
        time.sleep(chance.uniform(0, 1.6))
        process.kill()
        process.communicate()
        assert not (stage.folder / "killed" / "final.safetensors").exists()
    log = finish(stage.start("killed"))
    assert resumed >= KILLS // 2
    assert "resumed after step" in log
    assert stage.bytes_of("killed") == stage.bytes_of("whole")
    assert not (stage.folder / "killed" / ".resume").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP])
def test_asked_to_stop_it_saves_and_says_try_again(stage, number):
    output = f"stopped-{number.name}"
    process = stage.start(output)
    for line in process.stdout:
        if line.startswith("epoch 3"):
            break
    process.send_signal(number)
    log, _ = process.communicate(timeout=60)
    assert process.returncode == os.EX_TEMPFAIL
    assert f"stopped by {number.name}" in log
    assert "Traceback" not in log
    again = finish(stage.start(output))
    step = int(again.split("resumed after step ")[1].split()[0])
    assert 60 <= step < 240  # epoch 3 ends with step 60
    assert stage.bytes_of(output) == stage.bytes_of("whole")


def test_changed_settings_or_code_start_anew(stage):
    for change in ({"code": "other"}, {"learning_rate": 0.02}):
        process = stage.start("changed")
        for line in process.stdout:
            if line.startswith("epoch 4"):
                break
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        log = finish(stage.start("changed", **change))
        assert "resumed" not in log


def test_two_processes_never_train_the_same(stage):
    """A Snakemake that is killed leaves its jobs running, and the next one starts them again."""
    first = stage.start("twice")
    for line in first.stdout:
        if line.startswith("epoch 2"):
            break
    second = stage.start("twice")
    log, _ = second.communicate(timeout=120)
    assert second.returncode == 1
    assert f"error: twice: process {first.pid} on " in log
    assert "Traceback" not in log
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert "resumed after step" in finish(stage.start("twice"))
    assert stage.bytes_of("twice") == stage.bytes_of("whole")


def test_in_a_job_of_slurm_one_that_is_done_is_not_done_again(stage, monkeypatch):
    """Jobs share a job there, and when one fails Snakemake deletes the outputs of all."""
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    finish(stage.start("grouped"))
    expected = stage.bytes_of("grouped")
    for path in (stage.folder / "grouped").glob("[!.]*"):
        path.unlink()
    assert "resumed after step 240 of 240" in finish(stage.start("grouped"))
    assert stage.bytes_of("grouped") == expected == stage.bytes_of("whole")
