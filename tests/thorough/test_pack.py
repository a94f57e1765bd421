"""Jobs that train in one process: the same numbers, and nothing is lost when a process dies."""

import os
import signal
import time
from pathlib import Path

import pytest
from tests.unit.stage import Stage, finish

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
