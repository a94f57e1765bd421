"""The program that writes the report: what the page is made of, and that it is tracked."""

import shutil
import sys
from pathlib import Path

import pytest

from repdrift.canonical import canonical
from repdrift.claims.judging import CLAIMS
from repdrift.experiments.drift.stages.judge_under_choices import COLUMNS
from repdrift.provenance import fingerprint as code
from repdrift.provenance.artifacts import Job, record, write_csv
from repdrift.provenance.verification import Verification
from repdrift.stages import report

TEMPLATE = Path(__file__).parents[2] / "workflow" / "report" / "page.html"
CLAIM = {
    "claim": "G1", "sentence": "It grows", "source": "figure 1", "figure": "fig1", "estimator": "cka-biased",
    "seeds": 5, "verdict": "supported", "reason": "",
}  # fmt: skip
CHOICE = {
    "claim": "G1", "sentence": "It grows", "layer": "", "estimator": "cka-biased", "n": 500, "bn": "batch", "block": "",
    "reference": "own", "verdict": "supported",
}  # fmt: skip
FIGURE = {"name": "fig1", "title": "Figure 1", "caption": "What it shows."}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A report of one claim and one figure, in a folder of its own with a copy of the template."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(TEMPLATE, "page.html")
    monkeypatch.setattr(code, "running", "task")  # The report does not mind which program has made its inputs.
    job = Job({}, code.fingerprint("task"))
    study = Path("results/s")
    job.save(study / "claims.csv", lambda file: write_csv(file, [CLAIM], CLAIMS))
    job.save(study / "tables/multiverse.csv", lambda file: write_csv(file, [CHOICE], COLUMNS))
    job.save(study / "figures/fig1.svg", lambda file: file.write_text("<svg/>"))
    flags = {
        "spec": canonical({"study": "s", "figures": [FIGURE], "config": {"seeds": [1, 2, 3, 4, 5]}}),
        "code": code.fingerprint("report"), "verdicts": study / "claims.csv",
        "multiverse": study / "tables/multiverse.csv",
        "figures": study / "figures/fig1.svg", "template": "page.html", "output": study / "report.html",
    }  # fmt: skip
    words = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
    monkeypatch.setattr(sys, "argv", ["report", *words])
    monkeypatch.setattr(code, "running", "report")
    report.main()
    return study / "report.html"


def test_the_page_is_made_of_tables_figures_and_its_template(page):
    assert "It grows" in page.read_text(encoding="utf-8")
    names = ("page.html", "results/s/claims.csv", "results/s/figures/fig1.svg", "results/s/tables/multiverse.csv")
    assert sorted(record(page)["inputs"]) == sorted(names)


def test_a_changed_template_makes_the_page_stale(page):
    assert list(Verification(page.parent).faults()) == []
    Path("page.html").write_text("another page")
    (fault,) = Verification(page.parent).faults()
    assert str(fault) == f"stale    {page}: page.html has changed since"
