"""The program that writes the report: what the page is made of, and that it is tracked."""

import base64
import re
import shutil
from html.parser import HTMLParser

import pandas as pd
import pytest
from tests import report_page
from tests.report_page import CLAIM, SPEC, TRAINING, WITHOUT, written

from repdrift.claims.rule import IN_WORDS, VERDICTS
from repdrift.provenance.artifacts import record
from repdrift.provenance.verification import Verification
from repdrift.report import embedding
from repdrift.report.claims import regimes
from repdrift.report.provenance import run_times


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A report of two claims, two figures and two trainings, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return written(monkeypatch)


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
    assert [(one["first"], one["last"], one["target_images"]) for one in regimes(table)] == [
        ("G1", "G1", 5000),
        ("N1", "N2", 1000),
    ]


def test_the_page_is_made_of_all_that_it_shows(page):
    inputs = set(record(page)["inputs"])
    expected = ("claims.csv", "tables/multiverse.csv", "models/birds/seed1/history.csv")
    expected += tuple(
        f"{kind}/{name}" for kind, name in (("figures", "fig1.svg"), ("figures", "fig1.pdf"), ("tables", "fig1.csv"))
    )
    assert inputs >= {f"results/s/{name}" for name in expected}
    assert {path.rpartition("/")[2] for path in inputs} >= {"page.html", "parts.html", "style.css", "behaviour.js"}


def test_a_changed_template_makes_the_page_stale(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copies = [tmp_path / "templates" / path.name for path in report_page.templates()]
    shutil.copytree(report_page.templates()[0].parent, "templates")
    monkeypatch.setattr(report_page, "templates", lambda: copies)
    page = written(monkeypatch)
    assert list(Verification(page.parent).faults()) == []
    (tmp_path / "templates" / "style.css").write_text("body { color: red }")
    (fault,) = Verification(page.parent).faults()
    assert str(fault).startswith(f"stale    {page}: ")
    assert "style.css has changed since" in str(fault)


def test_a_study_with_one_seed_says_once_that_it_has_no_verdict(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reason = "1 seed, at least 4 are needed"
    few = [CLAIM | {"claim": f"G{n}", "seeds": 1, "low": None, "high": None, "verdict": "undecided", "reason": reason}
           for n in range(1, 30)]  # fmt: skip
    page = written(monkeypatch, rows=few)
    text = page.read_text(encoding="utf-8")
    assert text.count("a verdict needs at least 4 seeds") == 1
    assert reason not in text
    assert "1 seeds" not in text
    shown = [cells[2] for name, cells in rows_of(page) if name.startswith("G")]
    assert shown == ["no verdict exploratory"] * 29


def test_a_figure_has_its_data_and_its_pdf_in_the_page_and_its_command(page):
    text = page.read_text(encoding="utf-8")
    for name, content in (("fig1.csv", b"panel,value\nfig1,0.5\n"), ("fig1.pdf", b"%PDF-1.7\n%%EOF\n")):
        (found,) = re.findall(rf'href="data:[^"]*;base64,([^"]*)" download="{name}"', text)
        assert base64.b64decode(found) == content
    assert "snakemake fig1 --configfile &#39;my study.yaml&#39;" in text


def test_a_large_table_is_compressed(tmp_path, monkeypatch):
    monkeypatch.setattr(embedding, "LARGE", 10)
    path = tmp_path / "fig1.csv"
    path.write_text("panel,value\n" * 10)
    found = embedding.embedded(path)
    assert found["name"] == "fig1.csv.gz"
    (tmp_path / "fig1.csv.gz").write_bytes(base64.b64decode(found["url"].partition("base64,")[2]))
    assert len(pd.read_csv(tmp_path / "fig1.csv.gz")) == 9


def test_all_trainings_have_their_last_accuracies_and_fine_tuned_ones_come_first(page):
    rows = [cells for name, cells in rows_of(page) if name == "accuracies-table"][1:]
    # The last test accuracies of the five seeds are 61 to 65; the half width is t(4) times the standard error.
    assert rows == [
        ["birds+cats", "pre-trained weights", "cats", "d = 9", "5,000", "25", "63.0 \u00b1 2.0", "99.5 \u00b1 0.0"],
        ["birds", "initial weights", "cats", "d = 9", "5,000", "25", "63.0 \u00b1 2.0", "99.5 \u00b1 0.0"],
    ]


def test_jobs_with_the_same_settings_and_other_inputs_are_counted_apart(tmp_path):
    """Activations of several networks have one spec; all files of a job have its inputs."""
    made = {"program": "activations", "spec": {"probe": "p"}, "device": "cpu"}
    records = {
        tmp_path / f"{network}{part}": {**made, "inputs": {network: "0"}, "seconds": seconds}
        for network, times in (("a", (5.0, 6.0)), ("b", (7.0,)))
        for part, seconds in enumerate(times)
    }
    (found,) = run_times(records)
    assert found == {"name": "representations", "jobs": 2, "seconds": 13.0, "median": 6.5, "device": "cpu"}


def test_the_title_is_that_of_the_study_and_no_paper_is_named_that_it_does_not_judge(page):
    text = page.read_text(encoding="utf-8")
    assert "<h1>From birds to cats</h1>" in text
    assert "Goerttler" not in text


def test_texts_of_the_user_are_no_markup(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training = TRAINING | {"dataset": "<b>cats</b>"}
    text = written(monkeypatch, rows=[WITHOUT], spec=SPEC | {"title": "A <i> & B", "trainings": [training]}).read_text()
    assert "A &lt;i&gt; &amp; B" in text
    assert "<b>cats" not in text
