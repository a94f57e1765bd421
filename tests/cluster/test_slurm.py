"""The workflow on a real SLURM, through its profile: the same bytes as without it, whatever happens to its jobs."""

import re
import shutil
from pathlib import Path

import pytest
from tests.cluster.slurm import NODES
from tests.workflow.conftest import Checkout
from tests.workflow.test_killed import SMALL

# Less patience than a cluster needs: tests wait for it.
SLURM = (
    "--workflow-profile",
    "profiles/slurm",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--latency-wait",
    "15",
)
TINY = ("--configfile", "presets/svhn-npz.yaml", "tiny.yaml")
TRAINED = "results/small/models/objects/seed1"
TRAINING = (f"{TRAINED}/final.safetensors", "--configfile", "small.yaml")

# Long enough to be stopped four times.
LONG = SMALL.replace("epochs: 24, test_every: 8", "epochs: 60, test_every: 20")


def contents(study):
    """All files that were made, but for logs, and what has times in it."""
    files = [path for path in (study.folder / "results").rglob("*.*") if path.suffix not in (".log", ".json", ".html")]
    return {str(path.relative_to(study.folder)): path.read_bytes() for path in files}


def new(folder, config):
    folder.mkdir(exist_ok=True)
    made = Checkout(folder)
    if isinstance(config, Path):
        shutil.copy(config, folder)
    else:
        (folder / "small.yaml").write_text(config)
    return made


@pytest.mark.real_images
def test_the_study_has_the_bytes_of_a_local_run(slurm, real_images, tmp_path):
    config = Path(__file__).with_name("tiny.yaml")
    cluster, local = new(tmp_path / "cluster", config), new(tmp_path / "local", config)
    cluster.snakemake(*SLURM, *TINY)
    submitted = [rule for _, rule in slurm.jobs()]
    local.snakemake(*TINY)
    assert contents(cluster) == contents(local)
    # Nothing of a few seconds has a SLURM job of its own: 35 jobs of the workflow in 8.
    assert sorted(rule.removeprefix("rule_").removeprefix("group_") for rule in submitted) == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    made = new(tmp_path_factory.mktemp("undisturbed"), LONG)
    made.snakemake(*TRAINING)
    return made


def log_of(study):
    log = study.folder / "results/small/logs/models/objects/seed1.log"
    return log.read_text() if log.exists() else ""


def under_way(slurm, study):
    """Wait until the training runs, on from where it was, and has saved; give the SLURM job."""

    def runs():
        running = [job for job, rule in slurm.jobs("running") if "pretrain_source" in rule]
        return (
            running
            if log_of(study).count("\nepoch") >= 2 and any(study.folder.glob(f"{TRAINED}/.resume/*/state*"))
            else []
        )

    (job,) = slurm.wait(runs, "a training goes on", 180)
    return job


def test_whatever_stops_a_training_it_ends_with_the_same_bytes(slurm, undisturbed, tmp_path):
    study = new(tmp_path / "study", LONG)
    snakemake = study.start(*SLURM, *TRAINING)
    steps = []

    def goes_on():
        """Wait until the training has gone on from where it was, and forget its log."""
        found = under_way(slurm, study)
        steps.extend(map(int, re.findall(r"^resumed after step (\d+)", log_of(study), re.MULTILINE)))
        return found

    try:
        # Told to save, as SLURM does ahead of a time limit: Snakemake tries again.
        first = goes_on()
        slurm.ask("scancel", "--signal=TERM", first)
        slurm.wait(lambda: "stopped by SIGTERM" in log_of(study), "the training says that it was stopped")
        slurm.wait(lambda: first not in dict(slurm.jobs("running")), "its job has ended")
        # Cancelled: the same.
        second = goes_on()
        slurm.ask("scancel", second)
        slurm.wait(lambda: second not in dict(slurm.jobs("running,completing")), "its job has ended")
        # Put back into the queue, as when it is preempted: SLURM starts it again, and Snakemake waits.
        third = goes_on()
        slurm.ask("scontrol", "requeue", third)
        slurm.wait(lambda: third not in dict(slurm.jobs("running,completing")), "the job waits again")
        assert goes_on() == third
        # Its node dies: SLURM starts it again on the other one.
        node = slurm.ask("squeue", "--noheader", "--jobs", third, "--format", "%N")
        slurm.kill_node(node)
        slurm.ask("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=died")
        slurm.wait(lambda: third not in dict(slurm.jobs("running,completing")), "the job waits again")
        assert goes_on() == third
        assert slurm.ask("squeue", "--noheader", "--jobs", third, "--format", "%N") != node
        assert snakemake.wait(300) == 0
    finally:
        snakemake.kill()
        for node in NODES:
            slurm.revive(node)
    assert len(steps) == 4
    assert 0 < steps[0] < steps[1] < steps[2] < steps[3]
    assert contents(study) == contents(undisturbed)


@pytest.mark.parametrize("request_", [["gpu=1"], ["gpu=0", "gres='gpu:1'"]], ids=["gpus", "gres"])
def test_a_training_that_asks_for_a_gpu_holds_one(slurm, tmp_path, request_):
    """There is no real GPU behind it, so the training then says so: by either request it was granted one."""
    study = new(tmp_path / "study", SMALL)
    resources = [f"pretrain_source:{one}" for one in request_]
    unlimited = ["--set-resources", *resources, "--resources", "slot=1", "--retries", "0"]
    done = study.snakemake(*SLURM, *TRAINING, *unlimited, check=False)
    assert done.returncode == 1
    job = slurm.jobs()[-1][0]
    shown = slurm.ask("scontrol", "show", "job", "--details", job)
    assert "NodeList=n2" in shown
    assert re.search(r"TRES=\S*gres/gpu=1", shown), shown
    assert "error: a GPU was granted, but PyTorch sees none" in log_of(study)
    assert "failed, SLURM status is: 'FAILED'" in done.output
