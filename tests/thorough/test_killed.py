"""Snakemake and its jobs are killed and told to stop; run again, the study has the bytes of an undisturbed one."""

import os
import re
import shutil
import signal
import time

import psutil
import pytest
from tests.checkout import Checkout

from repdrift.training.progress import values_of

SMALL = """
study: small
seeds: [1]
datasets:
  objects: {train: 512, test: 192}
source: {dataset: objects, train: "train[0:512]", test: "test[0:64]"}
pretrain: {epochs: 24, test_every: 8, random: [0], sizes: [512], sizes_random: [0], checkpoints: [1, 12, 24]}
finetune:
  epochs: 2
  domain: {dataset: objects, train: "test[0:64]", test: "test[64:192]", random: [0, 9], shift: null}
controls: {scratch: false, matched_steps: null, independent: false}
probe: {images: 64}
similarity: {permutations: 5}
transfer: null
transferability: null
head2toe: null
movement: null
decodability: null
grounding: null
"""
CONFIG = ("--configfile", "small.yaml")
TRAINED = "results/small/models/objects/seed1"
TRAINING = (f"{TRAINED}/final.safetensors", *CONFIG)
# What follows from it: fine-tuned weights, activations, similarities.
STUDY = ("results/small/similarity/runs/domain/objects+objects/seed1.csv", *CONFIG)


def new(folder):
    made = Checkout(folder)
    (folder / "small.yaml").write_text(SMALL)
    return made


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    made = new(tmp_path_factory.mktemp("undisturbed"))
    made.snakemake(*STUDY)
    return made


def log_of(study):
    return study.folder / "results/small/logs/models/objects/seed1.log"


def saved_step(trained):
    """Steps that a training has saved."""
    return max((values["step"] for path in trained.glob(".resume/*/state*") if (values := values_of(path))), default=0)


def under_way(study, *arguments):
    """Start Snakemake and wait until the training has saved what it has done."""
    log, trained = log_of(study), study.folder / TRAINED
    begun = saved_step(trained)
    log.unlink(missing_ok=True)
    snakemake = study.start(*arguments)
    deadline = time.monotonic() + 300
    while not (log.exists() and "epoch" in log.read_text() and saved_step(trained) > begun):
        assert snakemake.poll() is None, (study.folder / "snakemake.out").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return snakemake


def training_of(snakemake):
    """The process that trains, below Snakemake."""
    below = psutil.Process(snakemake.pid).children(recursive=True)
    (found,) = (process for process in below if process.cmdline()[2:4] == ["repdrift.stages", "train"])
    return found


def resumed_at(study):
    """Steps after which the training went on; none if it began anew."""
    return [int(step) for step in re.findall(r"^resumed after step (\d+)", log_of(study).read_text(), re.MULTILINE)]


def test_killed_with_its_jobs_the_study_ends_with_the_same_bytes(undisturbed, tmp_path):
    """From nothing to similarities: the jobs that are not killed repeat too, in another folder."""
    study = new(tmp_path)
    snakemake = under_way(study, *STUDY)
    os.killpg(snakemake.pid, signal.SIGKILL)
    assert snakemake.wait(60) == -signal.SIGKILL
    assert not (study.folder / TRAINED / "final.safetensors").exists()
    study.snakemake("--unlock", *CONFIG)  # a Snakemake that is killed cannot
    study.snakemake(*STUDY, "--rerun-incomplete")
    (step,) = resumed_at(study)
    assert step > 0
    made = study.contents()
    assert {name.rsplit("/", 1)[1] for name in made if name.startswith(TRAINED)} == {
        "final.safetensors", "history.csv", *(f"epoch{epoch}.safetensors" for epoch in (1, 12, 24))
    }  # fmt: skip
    assert STUDY[0] in made
    assert made == undisturbed.contents()


@pytest.fixture
def untrained(undisturbed, tmp_path):
    """A checkout in which the training is to do, and nothing before it."""
    made = new(tmp_path)
    for name in ("results", ".snakemake"):
        shutil.copytree(undisturbed.folder / name, tmp_path / name)
    shutil.rmtree(tmp_path / TRAINED)
    return made


def test_told_to_stop_it_saves_and_goes_on_when_run_again(undisturbed, untrained):
    """By Ctrl-C, a scheduler, `kill` of Snakemake alone, a terminal that is closed; no flag is needed to go on."""
    steps = []
    told = [(number, os.killpg) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    for number, tell in (*told, (signal.SIGTERM, os.kill)):
        snakemake = under_way(untrained, *TRAINING, "--retries", "1")
        training = training_of(snakemake)
        tell(snakemake.pid, number)
        assert snakemake.wait(120) == 1
        psutil.wait_procs([training], timeout=60)
        # The log is that of the job which was told to stop: the retry waits for the next run.
        assert f"stopped by {number.name}" in log_of(untrained).read_text()
        assert [path.name for path in (untrained.folder / TRAINED).iterdir()] == [".resume"]
        steps += resumed_at(untrained)
    # Within one run of Snakemake: a training that asks to be run again is.
    snakemake = under_way(untrained, *TRAINING, "--retries", "1")
    training_of(snakemake).send_signal(signal.SIGUSR1)
    assert snakemake.wait(300) == 0
    said = (untrained.folder / "snakemake.out").read_text()
    assert f"non-zero exit status {os.EX_TEMPFAIL}" in said
    assert said.count("Trying to restart job") == 1
    steps += resumed_at(untrained)
    assert len(steps) == 4
    assert steps[0] > 0
    assert steps == sorted(set(steps))
    assert untrained.contents() == undisturbed.contents()
