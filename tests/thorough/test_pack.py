"""Jobs that train in one process: the same numbers, and nothing is lost when a process dies."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.stage import Stage, finish

from repdrift.training.tickets import Ticket, shared_folder, tickets

SEEDS = (1, 2, 3)
NAMES = ("final.safetensors", "history.csv", "epoch1.safetensors")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("pack") / "stage")
    made.spec["checkpoints"] = [1]
    for seed in SEEDS:
        finish(made.start(f"alone{seed}", seed=seed, steps=60 * seed))
    return made


def packed(stage, name, seed, pack=3):
    return stage.start(f"{name}{seed}", "--pack", str(pack), seed=seed, steps=60 * seed)


def same_as_alone(stage, name, seed):
    return all(
        (stage.folder / f"{name}{seed}" / file).read_bytes() == (stage.folder / f"alone{seed}" / file).read_bytes()
        for file in NAMES
    )


def reads_torch(process):
    """Whether a process has loaded torch's library: those that wait have not."""
    return "libtorch_cpu" in Path(f"/proc/{process.pid}/maps").read_text()


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def resumable(stage, name, seed):
    return list((stage.folder / f"{name}{seed}").glob(".resume/*/state.safetensors"))


def test_together_as_alone(stage):
    processes = {seed: packed(stage, "together", seed) for seed in SEEDS}
    until(lambda: all(resumable(stage, "together", seed) for seed in SEEDS))
    # The first one of unequal length is not done yet: one process trains all three.
    assert sum(reads_torch(process) for process in processes.values()) == 1
    logs = {seed: finish(process) for seed, process in processes.items()}
    for seed in SEEDS:
        assert f"epoch {3 * seed}, step {60 * seed}:" in logs[seed]
        assert f"step {60 * seed + 20}:" not in logs[seed]
        assert same_as_alone(stage, "together", seed)


def test_no_more_than_the_pack_at_a_time(stage):
    processes = {seed: packed(stage, "two", seed, pack=2) for seed in SEEDS}
    until(lambda: sum(bool(resumable(stage, "two", seed)) for seed in SEEDS) == 2)
    for seed, process in processes.items():
        finish(process)
        assert same_as_alone(stage, "two", seed)


def test_when_the_one_that_works_is_killed_another_goes_on(stage):
    processes = {seed: packed(stage, "killed", seed) for seed in SEEDS}
    until(lambda: all(resumable(stage, "killed", seed) for seed in SEEDS))
    (leader,) = (seed for seed, process in processes.items() if reads_torch(process))
    processes[leader].kill()
    processes[leader].communicate()
    for seed in set(SEEDS) - {leader}:
        assert "resumed after step" in finish(processes[seed])
        assert same_as_alone(stage, "killed", seed)
    finish(packed(stage, "killed", leader))
    assert same_as_alone(stage, "killed", leader)


@pytest.mark.parametrize("who", ["leader", "waiting"])
def test_one_that_is_told_to_stop_leaves_the_others_alone(stage, who):
    name = f"stopped-{who}"
    processes = {seed: packed(stage, name, seed) for seed in SEEDS}
    until(lambda: all(resumable(stage, name, seed) for seed in SEEDS))
    chosen = next(seed for seed, process in processes.items() if reads_torch(process) == (who == "leader"))
    processes[chosen].send_signal(signal.SIGTERM)
    log, _ = processes[chosen].communicate(timeout=60)
    assert processes[chosen].returncode == os.EX_TEMPFAIL, log
    assert not (stage.folder / f"{name}{chosen}" / "final.safetensors").exists()
    for seed in set(SEEDS) - {chosen}:
        finish(processes[seed])
        assert same_as_alone(stage, name, seed)
    assert "resumed after step" in finish(packed(stage, name, chosen))
    assert same_as_alone(stage, name, chosen)


def test_what_goes_wrong_with_one_is_told_to_it_alone(stage):
    good = packed(stage, "good", 1)
    bad = stage.start("bad", "--pack", "3", seed=2, steps=120, learning_rate=1e30)
    log, _ = bad.communicate(timeout=120)
    assert bad.returncode == 1
    assert "error: the loss is not finite at epoch 1" in log
    finish(good)
    assert same_as_alone(stage, "good", 1)


WITHDRAWN_WHILE_ANOTHER_LOADS = """
import json, sys
from repdrift.machine.interruption import Interruption
from repdrift.stages.train import arguments
from repdrift.training.packing import train_many
from repdrift.training.tickets import Ticket, shared_folder

def parse(words):
    other.withdraw()
    return arguments(words)

words, others = json.loads(sys.argv[1])
folder = shared_folder(0)
own, other = Ticket.leave(folder, words), Ticket.leave(folder, others)
train_many(folder, own, arguments(words), parse, Interruption())
print("exit code", own.code)
own.withdraw()
"""


def test_a_ticket_that_is_withdrawn_while_another_job_loads_stops_nobody(stage):
    words = [stage.words(f"loads{seed}", seed=seed, steps=60 * seed) for seed in (1, 2)]
    command = [sys.executable, "-c", WITHDRAWN_WHILE_ANOTHER_LOADS, json.dumps(words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=stage.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.endswith("exit code 0\n"), done.stderr
    assert same_as_alone(stage, "loads", 1)
    assert not (stage.folder / "loads2").exists()


def test_files_of_tickets_that_vanish_cost_no_job(stage, monkeypatch):
    """Something deletes temporary files, of the process that works and of two that wait."""
    monkeypatch.chdir(stage.folder)
    processes = {seed: packed(stage, "vanished", seed) for seed in SEEDS}
    until(lambda: all(resumable(stage, "vanished", seed) for seed in SEEDS))
    leader_first = sorted(processes.values(), key=reads_torch, reverse=True)
    for process, suffix in zip(leader_first, (".ticket", ".alive", ".log"), strict=True):
        (file,) = shared_folder(0).glob(f"*-{process.pid}{suffix}")
        file.unlink()
    for seed, process in processes.items():
        finish(process)
        assert same_as_alone(stage, "vanished", seed)
    assert [path.name for path in shared_folder(0).iterdir()] == ["leader"]


def test_a_withdrawn_ticket_is_nothing_to_those_who_still_know_it(tmp_path):
    ticket = Ticket.leave(tmp_path, ["--spec", "{}"])
    (known,) = tickets(tmp_path)
    assert known.arguments == ["--spec", "{}"]
    ticket.withdraw()
    assert known.arguments is None
    assert known.code is None
    assert not known.waits
    known.say("a line")
    known.end(0)
    assert known.code is None
    assert list(tmp_path.iterdir()) == []


def test_jobs_on_the_cpu_and_on_a_gpu_do_not_meet(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert shared_folder(0) != shared_folder(1) == shared_folder(2)
