"""The workflow on a real SLURM, through its profile: the same bytes as without it, whatever happens to its jobs."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml
from tests.checkout import ENVIRONMENT, Checkout, WorkingFolder
from tests.cluster.slurm import NODES
from tests.thorough.test_anywhere import SMALLEST, TABLE, workflow_of
from tests.thorough.test_killed import SMALL
from tests.workflow import tiny

from repdrift.provenance.artifacts import record

# Less patience than a cluster needs: tests wait for it.
IMPATIENT = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "15")
SLURM = ("--workflow-profile", "profiles/slurm", *IMPATIENT)
TRAINED = "results/small/models/objects/seed1"
TRAINING = (f"{TRAINED}/final.safetensors", "--configfile", "small.yaml")

# Long enough to be stopped four times.
LONG = SMALL.replace("epochs: 24, test_every: 8", "epochs: 60, test_every: 20")


def contents(study):
    """All files that were made, but for logs, and what has times in it."""
    files = [path for path in (study.folder / "results").rglob("*.*") if path.suffix not in (".log", ".json", ".html")]
    return {str(path.relative_to(study.folder)): path.read_bytes() for path in files}


def new(folder):
    folder.mkdir(exist_ok=True)
    made = Checkout(folder)
    (folder / "small.yaml").write_text(LONG)
    return made


def test_the_study_has_the_bytes_of_a_local_run(slurm, complete_study, tmp_path):
    cluster = Checkout(tmp_path)
    (tmp_path / "complete.yaml").write_text(tiny.COMPLETE)
    before = len(slurm.jobs())
    snakemake = cluster.start(*SLURM, *tiny.EVERYTHING)
    try:
        # Several jobs of the workflow in one of SLURM import libraries once.
        slurm.wait(slurm.launchers, "a launcher runs in a SLURM job", 600)
        assert snakemake.wait(1800) == 0, (cluster.folder / "snakemake.out").read_text()[-5000:]
    finally:
        snakemake.kill()
    submitted = {job: re.sub("^(rule|group)_", "", rule) for job, rule in slurm.jobs()[before:]}
    assert contents(cluster) == contents(complete_study)
    # Jobs of seconds share a SLURM job; data sets, labels, tables and figures are not submitted.
    kinds = (
        "activations", "curve", "decodability", "features", "grounding", "initialise", "layers", "movement", "probes",
        "sensitivity", "similarity", "source", "train", "transfer", "transferability", "tuning",
    )  # fmt: skip
    assert {kind for rule in submitted.values() for kind in kinds if rule.startswith(kind)} == set(kinds)
    assert all(rule.startswith(kinds) for rule in submitted.values())
    assert len(submitted) < 25


def test_jobs_of_a_module_have_its_config(slurm, tmp_path):
    """And those that are no SLURM jobs are none under other names of their rules."""
    (tmp_path / "clone").mkdir()
    clone, elsewhere = Checkout(tmp_path / "clone"), WorkingFolder(tmp_path)
    workflow_of(elsewhere, clone, config=yaml.safe_load(SMALLEST), prefix=" as repdrift_*")
    before = len(slurm.jobs())
    on_cpu = ("--set-resources", "repdrift_pretrain_source:gpu=0")
    elsewhere.snakemake(TABLE, "--workflow-profile", "clone/profiles/slurm", *IMPATIENT, *on_cpu)
    assert (elsewhere.folder / TABLE).exists()
    initialise, pretrain = (rule for _, rule in slurm.jobs()[before:])
    assert "repdrift_initialise" in initialise
    assert "repdrift_pretrain_source" in pretrain


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    made = new(tmp_path_factory.mktemp("undisturbed"))
    made.snakemake(*TRAINING)
    return made


@pytest.fixture
def untrained(undisturbed, tmp_path):
    """A study in which that training is to do, and nothing before it."""
    made = new(tmp_path / "study")
    for name in ("results", ".snakemake"):
        shutil.copytree(undisturbed.folder / name, made.folder / name)
    shutil.rmtree(made.folder / TRAINED)
    log_of(made).unlink()
    return made


def log_of(study):
    return study.folder / "results/small/logs/models/objects/seed1.log"


def said(study):
    return log_of(study).read_text() if log_of(study).exists() else ""


def test_whatever_stops_a_training_it_ends_with_the_same_bytes(slurm, undisturbed, untrained):
    snakemake = untrained.start(*SLURM, *TRAINING)
    steps = [0]

    def goes_on():
        """Wait until the training has gone on from where it was last, and saved; give the SLURM job."""

        def trains():
            begun = re.findall(r"^resumed after step (\d+)", said(untrained), re.MULTILINE) or [0]
            first = steps == [0] and not slurm_jobs
            return (first or int(begun[-1]) > steps[-1]) and said(untrained).count("\nepoch") >= 3 and begun

        steps.append(int(slurm.wait(trains, f"the training has gone on; it says\n{said(untrained)}", 600)[-1]))
        (job,) = (job for job, rule in slurm.jobs("running") if "pretrain_source" in rule)
        slurm_jobs.append(job)
        return job

    def is_over(job):
        slurm.wait(lambda: job not in dict(slurm.jobs("running,completing")), "the job runs no longer")

    slurm_jobs = []
    try:
        # Told to save, as SLURM does ahead of a time limit: Snakemake tries again.
        slurm.ask("scancel", "--signal=TERM", goes_on())
        is_over(slurm_jobs[-1])
        assert "stopped by SIGTERM" in said(untrained)
        # Cancelled: the same.
        slurm.ask("scancel", goes_on())
        is_over(slurm_jobs[-1])
        # Put back into the queue, as when it is preempted: SLURM starts it again, and Snakemake waits.
        slurm.ask("scontrol", "requeue", goes_on())
        is_over(slurm_jobs[-1])
        # Its node dies: SLURM starts it again on the other one.
        node = slurm.node(goes_on())
        slurm.kill_node(node)
        slurm.ask("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=died")
        is_over(slurm_jobs[-1])
        assert slurm.node(goes_on()) != node
        assert snakemake.wait(600) == 0
    finally:
        snakemake.kill()
        for node in NODES:
            slurm.revive(node)
    assert len(set(slurm_jobs)) == 3
    assert slurm_jobs[2] == slurm_jobs[3] == slurm_jobs[4]
    assert len(steps) == 6
    assert contents(untrained) == contents(undisturbed)


# The last says nothing of a GPU, and takes the place of what the profile says: the rule itself asks for one.
@pytest.mark.parametrize(
    "request_", [["gpu=1"], ["gpu=0", "gres='gpu:1'"], ["mem_mb=2000"]], ids=["gpus", "gres", "of the rule"]
)
def test_a_training_that_asks_for_a_gpu_holds_one(slurm, untrained, request_):
    """There is no real GPU behind it, and the training says so: it knows by either request that it was granted one."""
    resources = [f"pretrain_source:{one}" for one in request_]
    done = untrained.snakemake(*SLURM, *TRAINING, "--set-resources", *resources, "--retries", "0", check=False)
    assert done.returncode == 1
    job = slurm.jobs()[-1][0]
    assert slurm.node(job) == "n2"
    assert re.search(r"JOB_GRES=gpu:1$", slurm.ask("scontrol", "show", "job", "--details", job), re.MULTILINE)
    assert "error: a GPU was granted, but PyTorch sees none" in said(untrained)
    assert "Error in rule pretrain_source" in done.output
    assert f"log: {log_of(untrained).relative_to(untrained.folder)} (check log file(s)" in done.output


def test_a_rule_that_asks_for_no_gpu_gets_none_where_snakemake_has_one(slurm, undisturbed):
    step = ["srun", "--gres=gpu:1", "--time=5"]
    assert slurm.ask(*step, "printenv", "SLURM_STEP_GPUS")
    path = "results/small/activations/source/init/seed1/init.safetensors"
    command = [*step, sys.executable, "-m", "snakemake", path, "--configfile", "small.yaml"]
    done = subprocess.run(
        command, cwd=undisturbed.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False
    )
    log = undisturbed.folder / "results/small/logs/activations/source/init/seed1/init.log"
    assert done.returncode == 0, done.stderr + log.read_text()
    assert record(undisturbed.folder / path)["device"] == "cpu"
