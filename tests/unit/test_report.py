"""The program that writes the report: what the page is made of, and that it is tracked."""

import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from repdrift.canonical import canonical
from repdrift.claims.judging import CLAIMS
from repdrift.claims.rule import IN_WORDS, VERDICTS
from repdrift.experiments.drift.stages.judge_under_choices import COLUMNS
from repdrift.provenance import fingerprint as code
from repdrift.provenance.artifacts import Job, record, write_csv
from repdrift.provenance.verification import Verification
from repdrift.stages import report

TEMPLATE = Path(__file__).parents[2] / "workflow" / "report" / "page.html"
REGIME = {
    "network": "conv4, conv-relu-bn", "images": 4096, "epochs": 150, "target_images": 5000, "target_epochs": 25,
    "encodings": "0123456789ab (2026-11-25)", "evidence": "exploratory",
}  # fmt: skip
CLAIM = {
    "claim": "G1", "sentence": "It grows", "source": "figure 1", "origin": "ours", "figure": "fig1", "needs": "all",
    "estimator": "cka-biased", "seeds": 5, "verdict": "supported", "reason": "", "contrast": "this less that",
    "layer": "pool2", "effect": 0.034, "low": 0.021, "high": 0.047, "margin": 0.01, "unit": "CKA", "p": 0.001, **REGIME,
}  # fmt: skip
AGAINST = CLAIM | {"estimator": "cka-debiased", "effect": -0.05, "verdict": "contradicted", "reason": "opposite"}
EMPTY = dict.fromkeys(("contrast", "layer", "effect", "low", "high", "margin", "unit", "p"))
WITHOUT = CLAIM | EMPTY | {
    "claim": "G2", "estimator": "", "origin": "paper", "verdict": "undecided", "reason": "no such runs", "seeds": 0,
}  # fmt: skip
CHOICE = {
    "claim": "G1", "sentence": "It grows", "layer": "", "estimator": "cka-biased", "n": 500, "bn": "batch",
    "reduce": "", "variant": "", "reference": "own", "sample": 1, "look": "one", "verdict": "supported",
}  # fmt: skip
CHOICES = [CHOICE, CHOICE | {"n": 100}, CHOICE | {"look": "two"}, CHOICE | {"look": "two", "verdict": "undecided"},
           CHOICE | {"layer": "pool1", "look": "three", "verdict": "contradicted"}]  # fmt: skip
FIGURE = {"name": "fig1", "title": "Figure 1", "caption": "What it shows."}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A report of one claim and one figure, in a folder of its own with a copy of the template."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(TEMPLATE, "page.html")
    monkeypatch.setattr(code, "running", "task")  # The report does not mind which program has made its inputs.
    job = Job({}, code.fingerprint("task"))
    study = Path("results/s")
    job.save(study / "claims.csv", lambda file: write_csv(file, [CLAIM, AGAINST, WITHOUT], CLAIMS))
    job.save(study / "tables/multiverse.csv", lambda file: write_csv(file, CHOICES, COLUMNS))
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


class Tables(HTMLParser):
    """The texts of the cells of all rows of a page, by the id of the row, or of its table if the row has none."""

    def __init__(self):
        super().__init__()
        self.rows, self.table, self.inside = [], "", False

    def handle_starttag(self, tag, attributes):
        named = dict(attributes).get("id", "")
        if tag == "table":
            self.table = named
        if tag == "tr":
            self.rows.append((named or self.table, []))
        if tag in ("td", "th"):
            self.inside = True
            self.rows[-1][1].append("")
        if tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][1][-1] += data


def rows_of(page):
    found = Tables()
    found.feed(page.read_text(encoding="utf-8").split("</main>")[0])
    return [(name, [" ".join(cell.split()) for cell in cells]) for name, cells in found.rows]


def test_a_claim_has_its_verdicts_effect_margin_seeds_reason_and_looks(page):
    (row,) = [cells for name, cells in rows_of(page) if name == "G1"]
    # The main estimator comes first, and what the verdict hangs on is its own.
    assert row == [
        "G1",
        "It grows (figure 1) [ours]",
        "contradicted CKA (debiased) supported CKA (biased) exploratory",
        "\u2212.050 [+.021, +.047] CKA margin 0.01 CKA; this less that, pool2",
        "5",
        "opposite",
        "1 supported, 1 split",
    ]


def test_a_claim_without_runs_has_no_effect_and_no_looks(page):
    (row,) = [cells for name, cells in rows_of(page) if name == "G2"]
    assert row == ["G2", "It grows (figure 1)", "undecided exploratory", "", "0", "no such runs", ""]


def test_the_page_says_what_the_verdicts_hold_for_and_the_rule(page):
    _, values = [cells for name, cells in rows_of(page) if name == "regimes"]
    assert values == [
        "G1 to G2", "conv4, conv-relu-bn", "4,096", "150", "5,000", "25", "0123456789ab (2026-11-25)", "exploratory",
    ]  # fmt: skip
    text = page.read_text(encoding="utf-8")
    assert IN_WORDS.replace("'", "&#39;") in text
    assert all(f'<span class="badge {verdict}">' in text for verdict in VERDICTS)


def test_regimes_that_differ_have_rows_of_their_own():
    table = pd.DataFrame(
        [CLAIM, CLAIM | {"claim": "N1", "target_images": 1000}, CLAIM | {"claim": "N2", "target_images": 1000}]
    )
    assert [(one["first"], one["last"], one["target_images"]) for one in report.regimes(table)] == [
        ("G1", "G1", 5000),
        ("N1", "N2", 1000),
    ]


def test_the_page_is_made_of_tables_figures_and_its_template(page):
    assert "It grows" in page.read_text(encoding="utf-8")
    names = ("page.html", "results/s/claims.csv", "results/s/figures/fig1.svg", "results/s/tables/multiverse.csv")
    assert sorted(record(page)["inputs"]) == sorted(names)


def test_a_changed_template_makes_the_page_stale(page):
    assert list(Verification(page.parent).faults()) == []
    Path("page.html").write_text("another page")
    (fault,) = Verification(page.parent).faults()
    assert str(fault) == f"stale    {page}: page.html has changed since"
