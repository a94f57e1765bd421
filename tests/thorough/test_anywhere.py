"""The workflow of a clone is run from another folder, into another folder, and as a module of another workflow."""

import os
import re

import pytest
import yaml
from tests.checkout import REPOSITORY, Checkout, WorkingFolder

from repdrift.plan.checking import check
from repdrift.study.config import complete, load

# The fewest images and jobs that make a figure, fig2.
SMALLEST = """
study: smallest
seeds: [1]
datasets:
  objects: {train: 64, test: 64}
  digits: {train: 64, test: 64}
source: {dataset: objects, train: "train[0:64]", test: "test[0:32]"}
pretrain: {epochs: 1, random: [0], sizes: [64], sizes_random: [0]}
finetune:
  epochs: 1
  domain: {dataset: objects, train: "test[0:32]", test: "test[32:64]", random: [0], shift: null}
  cross_domain: {dataset: digits, train: "train[0:32]", test: "train[32:64]", random: [0], shift: null}
  others: []
controls: {scratch: false, matched_steps: null, independent: false}
probe: {images: 32}
transfer: null
transferability: null
head2toe: null
movement: null
decodability: null
grounding: null
"""
FIGURE = "results/smallest/figures/fig2.svg"
TABLE = "results/smallest/tables/fig2.csv"
TRAINING = {"dataset": 2, "initialise": 1, "task": 1, "pretrain_source": 1}
MADE = {**TRAINING, "table": 1, "figure": 1, "fig2": 1}

# A config that has nothing to do with ours, where Snakemake would look for one.
STRANGE = "samples: [a, b]\nstudy: strange\n"

MODULE = """
module repdrift:
    snakefile:
        "{snakefile}"
    config:
        {config}

use rule * from repdrift{prefix}
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("clone"))
    (made.folder / "smallest.yaml").write_text(SMALLEST)
    return made


@pytest.fixture(scope="module")
def table(clone):
    """What the clone itself makes."""
    clone.snakemake("fig2", "--configfile", "smallest.yaml")
    return (clone.folder / TABLE).read_bytes()


@pytest.fixture
def elsewhere(clone, tmp_path):
    """A folder without the workflow."""
    (tmp_path / "config.yaml").write_text(STRANGE)
    return WorkingFolder(tmp_path, clone.folder / "workflow")


def files(clone):
    """Every file of the clone but what Python caches, with the time of its last change."""
    paths = [path for path in clone.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path: path.stat().st_mtime_ns for path in paths}


def workflow_of(elsewhere, clone, *, config, prefix="", snakefile="Snakefile"):
    """Write a workflow that imports the clone's, and nothing else."""
    path = os.path.relpath(clone.folder / snakefile, elsewhere.folder)
    text = MODULE.format(snakefile=path, config=config, prefix=prefix)
    (elsewhere.folder / "Snakefile").write_text(text)


# --- a figure for real ----------------------------------------------------------------------------------------------


def test_from_another_folder_it_makes_the_same_bytes(clone, table, elsewhere):
    before = files(clone)
    config = ("--configfile", str(clone.folder / "smallest.yaml"))
    elsewhere.snakemake("fig2", "-s", str(clone.folder / "Snakefile"), *config)
    assert (elsewhere.folder / FIGURE).exists()
    assert (elsewhere.folder / TABLE).read_bytes() == table
    assert files(clone) == before
    # The command repdrift knows what was made.
    assert "results/smallest: 5 trainings: 1 done, 4 to do" in elsewhere.repdrift("status", *config).output
    explained = elsewhere.repdrift("explain", FIGURE, "-s", str(clone.folder / "Snakefile"), *config)
    assert "It would not be made again" in explained.output


def test_into_another_folder_it_makes_the_same_bytes(clone, table, elsewhere):
    clone.snakemake("fig2", "--configfile", "smallest.yaml", "--directory", str(elsewhere.folder))
    assert (elsewhere.folder / FIGURE).exists()
    assert (elsewhere.folder / TABLE).read_bytes() == table


def test_as_a_module_it_makes_the_same_bytes(clone, table, elsewhere):
    """No profile says that there is no GPU, and a graphics card is not asked for."""
    workflow_of(elsewhere, clone, config=yaml.safe_load(SMALLEST))
    elsewhere.snakemake("fig2", "--cores", "2")
    assert (elsewhere.folder / FIGURE).exists()
    assert (elsewhere.folder / TABLE).read_bytes() == table


def test_as_a_module_with_a_prefix_as_the_docs_show(clone, elsewhere):
    text = (REPOSITORY / "docs" / "elsewhere.md").read_text()
    for language, name in (("python", "Snakefile"), ("yaml", "config.yaml")):
        (shown,) = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
        (elsewhere.folder / name).write_text(shown)
    (elsewhere.folder / "repdrift").symlink_to(clone.folder)
    # What a finished training would leave if the module's handlers were not called.
    left = elsewhere.folder / "results/mine/models/finished/seed1"
    (left / ".resume").mkdir(parents=True)
    (left / "final.safetensors").touch()
    elsewhere.snakemake("all", "repdrift_fig2", "--cores", "2")
    assert int((elsewhere.folder / "epochs.txt").read_text()) == 2 * 3  # two runs, before and after each of two epochs
    assert not (left / ".resume").exists()
    assert (elsewhere.folder / "results/mine/figures/fig2.svg").exists()


# --- what would run -------------------------------------------------------------------------------------------------


def test_it_is_the_same_workflow_from_everywhere(clone, elsewhere):
    """With a preset; also by the Snakefile in the place where the catalogue looks for it."""
    here = clone.jobs("all", "--configfile", "presets/demo.yaml")
    preset = ("--configfile", str(clone.folder / "presets" / "demo.yaml"))
    assert elsewhere.jobs("all", "-s", str(clone.folder / "Snakefile"), *preset) == here
    assert elsewhere.jobs("all", "-s", str(clone.folder / "workflow" / "Snakefile"), *preset) == here
    workflow_of(elsewhere, clone, config="config", snakefile="workflow/Snakefile")
    assert elsewhere.jobs(*preset) == here
    assert len(here) > 10


def test_without_a_config_it_is_the_paper(clone, elsewhere):
    """Not what lies in the folder."""
    done = elsewhere.snakemake("-s", str(clone.folder / "Snakefile"), "-n", "fig2")
    assert "results/paper/figures/fig2.svg" in done.output
    workflow_of(elsewhere, clone, config={})
    assert "results/paper/figures/fig2.svg" in elsewhere.snakemake("-n", "fig2").output


def test_a_module_without_a_config_takes_that_of_the_command_line(clone, elsewhere):
    path = os.path.relpath(clone.folder / "Snakefile", elsewhere.folder)
    text = f"module repdrift:\n    snakefile: '{path}'\n\nuse rule * from repdrift\n"
    (elsewhere.folder / "Snakefile").write_text(text)
    assert elsewhere.jobs("fig2", "--configfile", str(clone.folder / "smallest.yaml")) == MADE


def test_targets_of_a_module_have_the_prefix(clone, elsewhere):
    workflow_of(elsewhere, clone, config=yaml.safe_load(SMALLEST), prefix=" as repdrift_*")
    assert elsewhere.jobs("repdrift_fig2") == {f"repdrift_{rule}": number for rule, number in MADE.items()}


def test_the_first_rule_of_the_importer_stays_the_default(clone, elsewhere):
    workflow_of(elsewhere, clone, config=yaml.safe_load(SMALLEST))
    own = f"rule own:\n    input: '{TABLE}'\n    output: 'own.csv'\n    shell: 'cp {{input}} {{output}}'\n"
    (elsewhere.folder / "Snakefile").write_text(own + (elsewhere.folder / "Snakefile").read_text())
    assert elsewhere.jobs() == {**TRAINING, "table": 1, "own": 1}


def test_a_wrong_config_of_a_module_is_refused_in_one_line(clone, elsewhere):
    workflow_of(elsewhere, clone, config={"sedes": [1]})
    done = elsewhere.snakemake("-n", "fig2", check=False)
    assert done.returncode == 1
    (line,) = (line for line in done.output.splitlines() if "config: sedes" in line)
    assert "did you mean seeds?" in line
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("flags", "gpus"),
    [
        (("--workflow-profile", "none", "--cores", "2"), 0),
        (("--workflow-profile", "none", "--cores", "2", "--resources", "gpu=4"), 1),
        (("--workflow-profile", "gpu"), 1),  # a profile of the clone by its name
    ],
)
def test_a_gpu_is_asked_for_where_there_is_one(clone, elsewhere, flags, gpus):
    there = ("-s", str(clone.folder / "Snakefile"), "--configfile", str(clone.folder / "smallest.yaml"))
    output = elsewhere.snakemake("fig2", "-n", *there, *flags).output
    assert re.findall(r"^ +resources: .*\bgpu=(\d+)", output, flags=re.MULTILINE) == [str(gpus)]


# --- the catalogue --------------------------------------------------------------------------------------------------


def test_its_config_is_a_study_to_begin_with():
    begun = complete(load([REPOSITORY / "config" / "config.yaml"]))
    check(begun)
    assert begun["study"] == "my-study"


def test_every_section_of_the_config_is_described():
    described = (REPOSITORY / "config" / "README.md").read_text()
    sections = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    assert [name for name in sections if f"`{name}`" not in described] == []
