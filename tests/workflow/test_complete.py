"""The smallest study with everything, run for real: every rule, program and figure that there is."""

import io
import re

import pandas as pd
import pytest
from PIL import Image
from tests.workflow.tiny import EVERYTHING

from repdrift.plan.plan import Plan
from repdrift.provenance.artifacts import record
from repdrift.provenance.parts import programs
from repdrift.provenance.verification import artifacts
from repdrift.study.config import load


@pytest.fixture(scope="module")
def results(complete_study):
    return complete_study.folder / "results" / "tiny"


@pytest.fixture(scope="module")
def plan(complete_study):
    return Plan(load([complete_study.folder / name for name in ("config.yaml", "complete.yaml")]))


# Published numbers are of 4,096 images and 150 epochs, so a tiny study has none of them, see
# tests/unit/test_validation.py. Given weights take the place of pre-training, see tests/thorough/test_any_study.py.
OF_OTHER_STUDIES = {"compare_with_published", "weights"}


def test_every_program_has_made_something(complete_study):
    made = {record(path)["program"] for path in artifacts(complete_study.folder / "results")}
    assert made == set(programs()) - OF_OTHER_STUDIES


def test_every_rule_is_in_the_graph_of_jobs(complete_study):
    """The rules are read from their files, and Snakemake is asked what it would run if nothing were there."""
    files = (complete_study.folder / "workflow").rglob("*.smk")
    rules = {name for file in files for name in re.findall(r"^(?:use rule \w+ as|rule) (\w+)", file.read_text(), re.M)}
    assert rules - set(complete_study.jobs(*EVERYTHING, "--forceall")) == OF_OTHER_STUDIES


def test_every_figure_is_there_in_three_formats(results, plan):
    figures = {path.name for path in (results / "figures").glob("*.*") if path.suffix != ".json"}
    assert figures == {f"{name}.{kind}" for name in plan.figures for kind in ("svg", "pdf", "png")}
    for path in (results / "figures").glob("*.png"):
        with Image.open(path) as image:
            darkest, lightest = image.convert("L").getextrema()
        assert lightest - darkest > 200, path  # something is drawn


def test_nothing_is_left_to_do(complete_study):
    assert complete_study.planned(*EVERYTHING) == set()


def test_every_file_is_as_it_was_made(complete_study):
    complete_study.repdrift("verify", "results/tiny")


def test_every_claim_has_a_verdict(results, plan):
    verdicts = pd.read_csv(results / "claims.csv", keep_default_na=False)
    assert verdicts["claim"].nunique() == 24 + 17 + 8 + 16 + 5 + 6 + 4
    assert set(verdicts["verdict"]) == {"undecided"}  # of one seed nothing can be concluded


def test_the_report_has_every_figure_and_every_claim(results, plan):
    page = (results / "report.html").read_text()
    assert page.count("<img ") == len(plan.figures)
    for claim in pd.read_csv(results / "claims.csv")["claim"]:
        assert f'id="{claim}"' in page, claim


def test_all_trainings_are_done(complete_study, plan):
    told = complete_study.repdrift("status", *EVERYTHING).stdout
    trainings = len(plan.runs)
    assert told.splitlines()[0] == f"results/tiny: {trainings} trainings: {trainings} done"


def test_the_command_finds_the_similarities_of_the_study(complete_study, results):
    """`repdrift similarity` on the files of activations that the study keeps."""
    folder = "results/tiny/activations/domain"
    files = [f"{folder}/objects+objects/seed1/final.safetensors", f"{folder}/init/seed1/init.safetensors"]
    told = complete_study.repdrift("similarity", *files, "--estimator", "cka-biased", "--csv").stdout
    found = pd.read_csv(io.StringIO(told)).set_index("first")["value"]
    table = pd.read_csv(results / "similarity" / "runs" / "domain" / "objects+objects" / "seed1.csv")
    expected = table[table["reference"] == "init"].set_index("layer")["value"]
    assert list(found.index) == list(expected.index)
    assert (found - expected).abs().max() < 1e-6
