"""`repdrift report A B`: which studies it reads, what its matrix says, and what it refuses."""

import shutil

import pandas as pd
import pytest
from tests.report_page import AGAINST, CLAIM, SPEC, WITHOUT, written
from tests.unit.test_published import config, folder, plan, tables

from repdrift import cli
from repdrift.report.compared import Shown, agreement, effects, matrix

__all__ = ["config", "folder", "plan", "tables"]  # fixtures of published tables

FEW = CLAIM | {"seeds": 1, "low": None, "high": None, "verdict": "undecided"}
OPPOSITE = CLAIM | {"effect": -0.05, "low": -0.06, "high": -0.04, "verdict": "contradicted"}

SHARED = "1 claim has a verdict in each of the 2 studies. For {} of these claims, the verdicts agree."


def study(name, *rows, contrasts=()):
    """A study with the rows of its claims. Without rows of contrasts, those of the claims stand for them."""
    verdicts, measured = (as_read(table) for table in (rows, contrasts or rows))
    return Shown(name, f"Title of {name}", {"Seeds": "some"}, verdicts, measured, {})


def as_read(rows):
    """A table as it is read from a CSV."""
    table = pd.DataFrame(rows)
    return table.astype(object).where(table.notna(), "").astype(str)


def test_a_row_has_a_cell_for_each_study_and_says_if_they_disagree():
    only = CLAIM | {"claim": "G2"}
    first, second = matrix([study("a", CLAIM, only), study("b", OPPOSITE)])
    assert (first["name"], first["differs"], first["shared"]) == ("G1", True, True)
    assert [cell["verdict"] for cell in first["cells"]] == ["supported", "contradicted"]
    assert [cell["effect"] for cell in first["cells"]] == [
        "+.034 [+.021, +.047] CKA", "\u2212.050 [\u2212.060, \u2212.040] CKA",
    ]  # fmt: skip
    assert (second["name"], second["differs"], second["cells"][1]) == ("G2", False, None)


def test_a_study_with_too_few_seeds_disagrees_with_none():
    (row,) = matrix([study("a", CLAIM), study("b", FEW)])
    assert (row["differs"], row["shared"]) == (False, False)
    assert [cell["judged"] for cell in row["cells"]] == [True, False]
    assert [cell["seeds"] for cell in row["cells"]] == ["5 seeds", "1 seed"]


def test_the_verdict_is_that_of_the_main_estimator():
    (row,) = matrix([study("a", CLAIM, AGAINST)])
    assert row["cells"][0]["verdict"] == "contradicted"


@pytest.mark.parametrize(
    ("studies", "words"),
    [
        ([[CLAIM], [CLAIM]], SHARED.format(1)),
        ([[CLAIM], [OPPOSITE]], SHARED.format("none")),
        ([[CLAIM], [FEW]], "No claim has a verdict in each of the 2 studies; a verdict needs at least 4 seeds."),
        ([[CLAIM]], "One study with 1 claim."),
    ],
)
def test_agreement_in_words(studies, words):
    rows = matrix([study(str(number), *claims) for number, claims in enumerate(studies)])
    assert agreement(rows, len(studies)) == words


def test_studies_show_the_contrast_that_the_first_verdict_depends_on():
    few = FEW | {"layer": "pool4", "effect": 0.5}
    deeper = OPPOSITE | {"layer": "pool3"}
    measured = [few, FEW | {"effect": 0.02}, FEW | {"effect": 0.07, "estimator": "cka-debiased"}]
    rows = effects(
        [study("few", few, contrasts=measured), study("a", CLAIM), study("b", deeper, contrasts=[deeper, OPPOSITE])]
    )
    shown = [(row["series"], row["layer"], row["effect"], row["verdict"], row["images"]) for row in rows]
    assert shown == [
        ("few", "pool2", 0.02, "undecided", "4,096 images, 1 seed"),
        ("a", "pool2", 0.034, "supported", "4,096 images, 5 seeds"),
        ("b", "pool2", -0.05, "contradicted", "4,096 images, 5 seeds"),
    ]


def test_a_study_without_that_contrast_shows_its_own():
    other = OPPOSITE | {"contrast": "up to more images"}
    first, second = effects([study("a", CLAIM), study("b", other)])
    assert (first["contrast"], second["contrast"]) == (CLAIM["contrast"], "up to more images")
    assert second["effect"] == -0.05


def test_a_study_in_which_that_contrast_is_undefined_shows_its_own():
    own = OPPOSITE | {"layer": "pool3"}
    undefined = CLAIM | {"effect": None, "low": None, "high": None}
    _, second = effects([study("a", CLAIM), study("b", own, contrasts=[undefined, own])])
    assert (second["layer"], second["effect"]) == ("pool3", -0.05)


def test_a_claim_of_a_single_study_is_not_shown():
    assert effects([study("a", CLAIM, WITHOUT), study("b", CLAIM | {"claim": "G3"})]) == []


def test_results_and_published_tables_stand_side_by_side(folder, tmp_path, monkeypatch, capsys):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    written(monkeypatch, spec=SPEC | {"study": "mine"}, study="mine")
    cli.main(["report", "results/mine", str(folder)])
    folder_of_effects, page = (work / line.removeprefix("Made: ") for line in capsys.readouterr().out.splitlines())
    text = page.read_text(encoding="utf-8")
    assert page.parent == work / "results" / "compared"
    assert text.count('<tr id="G1"') == text.count('<tr id="G15"') == 1
    assert "From birds to cats" in text
    assert "5 seeds" in text
    # Two figures of the results, the verdicts of the published tables, and the effects of both.
    assert text.count("<img ") == 4
    assert {path.suffix for path in folder_of_effects.iterdir()} == {".csv", ".svg", ".pdf", ".png"}
    effects = pd.read_csv(folder_of_effects / "regime.csv")
    assert set(effects["claim"]) == {"G1"}
    cli.main(["report", "results/mine", str(folder), "--output", "page"])
    assert (work / "page").is_file() and (work / "page-effects" / "regime.png").is_file()
    assert list(effects["series"]) == ["mine", folder.name]
    assert 'id="claims"' in text


def test_two_folders_of_the_same_name_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        written(monkeypatch)
    monkeypatch.chdir(tmp_path)
    cli.main(["report", "here/results/s", "there/results/s", "--output", "both.html"])
    text = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "<h1>here/results/s, there/results/s</h1>" in text


def test_what_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = written(monkeypatch)

    def refused(*folders):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["report", *folders])
        return str(stopped.value)

    assert refused("results/none") == "error: results/none: there is no such folder"
    assert "this folder is given 2 times" in refused("results/s", "./results/s")
    (tmp_path / "results/empty").mkdir()
    assert "has neither a report nor published tables" in refused("results/empty")
    shutil.copytree("results/s", "results/old")
    sidecar = tmp_path / "results/old/report.html.json"
    sidecar.write_text(sidecar.read_text().replace('"title"', '"heading"'))
    assert "is of an earlier version" in refused("results/old")
    (page.parent / "tables/fig1.csv").unlink()
    assert refused("results/s").startswith("error: results/s/tables/fig1.csv: there is no such file")
