"""Published tables of a study: the verdicts that are made from them, and what is refused."""

import gzip

import numpy as np
import pandas as pd
import pytest
import yaml
from tests import results_page
from tests.checkout import REPOSITORY
from tests.unit.paper_world import SEEDS, as_the_paper_says, curve, halves, tried, world

from repdrift import cli
from repdrift.claims import published
from repdrift.claims.contrasts import HistoryOf
from repdrift.claims.markdown import counted, validation_table, verdict_table
from repdrift.claims.published import Tables
from repdrift.commands import judge as command
from repdrift.plan import specs
from repdrift.plan.plan import Plan

STUDIES = ("core", "confirmation")  # on the page of results ...
OTHERS = {("figure1", "core"), ("layers", "confirmation and core")}  # ... and the tables that judging does not make
COLUMNS = ["train_loss", "train_accuracy", "test_accuracy"]


@pytest.fixture
def config(load_config):
    """The demo's, with the runs of most claims."""
    found = load_config("small") | {"seeds": list(SEEDS), "transfer": None}
    found["finetune"]["cross_domain"]["random"] = [0, 9]
    return found


@pytest.fixture
def plan(config):
    return Plan(config)


@pytest.fixture
def tables(plan):
    """Tables of a world in which the paper is right."""
    similarity = world(plan)
    owners = specs.judge(plan, "claims").histories
    histories = {
        owner: pd.DataFrame(
            [(epoch, *(as_the_paper_says(owner.run, column, "") + 1e-3 * owner.seed for column in COLUMNS))
             for epoch in range(11)],
            columns=["epoch", *COLUMNS],
        )
        for owner in owners
    }  # fmt: skip
    return Tables(similarity, halves(similarity), curve(plan), tried(plan, similarity), histories)


@pytest.fixture
def folder(config, tables, tmp_path):
    published.write(tables, tmp_path)
    (tmp_path / published.CONFIG).write_text(yaml.safe_dump(config, sort_keys=False))
    return tmp_path


def test_published_tables_give_the_verdicts_of_the_study(plan, tables, folder):
    read = published.read(folder, command.keys_of(plan))
    direct, again = (pd.DataFrame(command.judge(plan, "claims", found)[1]) for found in (tables, read))
    assert len(direct) > 60
    numbers = ["effect", "low", "high", "p"]
    pd.testing.assert_frame_equal(direct.drop(columns=numbers), again.drop(columns=numbers))
    np.testing.assert_allclose(direct[numbers].astype(float), again[numbers].astype(float), atol=1e-5)


def test_equal_tables_have_equal_bytes(tables, tmp_path):
    for name in ("first", "second"):
        published.write(tables, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert files == sorted(f"{name}.csv.gz" for name in ("similarity", "halves", "curve", "choices", "history"))
    for name in files:
        first, second = ((tmp_path / place / name).read_bytes() for place in ("first", "second"))
        assert first == second
        assert gzip.decompress(first).startswith(
            {"curve.csv.gz": b"seed,", "history.csv.gz": b"epoch,"}.get(name, b"run,")
        )


def test_histories_keep_their_run_and_seed(tables, folder, plan):
    read = published.read(folder, command.keys_of(plan)).histories
    assert set(read) == set(tables.histories)
    owner = HistoryOf("objects", 3)
    expected = tables.histories[owner]
    pd.testing.assert_frame_equal(read[owner][expected.columns].reset_index(drop=True), expected)


def test_the_command_writes_verdicts_and_figures(folder, tmp_path, capsys):
    output = tmp_path / "judged"
    cli.main(["judge", str(folder), "--output", str(output)])
    verdicts = pd.read_csv(output / "verdicts.csv", keep_default_na=False)
    assert set(verdicts["verdict"]) >= {"supported"}
    assert {path.name for path in output.iterdir()} == {
        "verdicts.csv",
        "verdicts.md",
        *(f"{name}.{kind}" for name in ("claims", "multiverse") for kind in ("csv", "svg", "pdf", "png")),
    }
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == f"Made: {output}/"
    assert any(line.startswith("G1: cka-biased: supported") for line in told)


def test_the_page_of_results_prints_what_the_published_tables_give():
    tables = list(results_page.tables(results_page.PAGE.read_text()))
    on_page = {(name, studies) for name, studies, _ in tables}
    assert on_page == OTHERS | {(name, study) for study in STUDIES for name in results_page.judged(study)[0]}
    for name, studies, text in tables:
        assert text == results_page.made(name, studies)


def test_a_published_number_stands_beside_ours_with_the_difference_in_errors():
    training = {"phase": "scratch", "dataset": "cifar10", "labels": "random 0", "images": 4096, "same_images": 1}
    rows = [
        training | {"measure": "pool1", "mean": 0.9911, "published": 0.9882, "errors": -1.26},
        training | {"measure": "test_accuracy", "mean": 55.46, "published": 55.5, "errors": None},
    ]
    *_, line = validation_table(rows).splitlines()
    assert line == "| from scratch on cifar10 | d = 0 | 4,096 | 0.991 / 0.988 (-1.3) | 55.5 / 55.5 |"
    *_, line = validation_table([{**row, "same_images": 0} for row in rows]).splitlines()
    assert "| 4,096, others than theirs |" in line


@pytest.mark.parametrize("missing", ["config.yaml", "halves.csv.gz"])
def test_a_missing_file_is_said_in_one_line(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(SystemExit) as stop:
        cli.main(["judge", str(folder), "--output", str(folder / "out")])
    assert missing in str(stop.value) and "\n" not in str(stop.value)
    assert not (folder / "out").exists()


def test_an_unfinished_study_is_not_published(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="there is no such table; run the whole study first"):
        cli.main(["publish", str(tmp_path / "out"), "--configfile", str(REPOSITORY / "presets" / "demo.yaml")])
    assert not (tmp_path / "out").exists()


def test_a_look_whose_choices_disagree_is_split():
    rows = pd.DataFrame(
        [("a", "supported"), ("a", "supported"), ("b", "undecided"), ("b", "supported"), ("c", "contradicted"),
         ("d", "supported")], columns=["look", "verdict"],
    )  # fmt: skip
    assert counted(rows) == "2 supported, 1 contradicted, 1 split"
    assert counted(rows[:0]) == ""


def test_the_table_of_verdicts_names_estimators_only_where_they_disagree(plan, tables):
    _, verdicts = command.judge(plan, "claims", tables)
    of_g8 = [dict(row) for row in verdicts if row["claim"] == "G8"]
    multiverse = pd.DataFrame(command.under_choices(plan, tables))
    (_, _, line) = verdict_table(of_g8, multiverse).splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:3] == ["G8", "Fine-tuned, the more random the labels, the larger the change", "**supported**"]
    assert cells[3] == "CKA to pre-trained, d = 0 to 9, mean of pool1 to logits"
    assert cells[4].startswith("+0.39 [") and cells[5] == "0.01 CKA"
    of_g8[0]["verdict"] = "undecided"
    assert "cka-biased: **undecided**; cka-biased, calibrated: **supported**" in verdict_table(of_g8, multiverse)


def test_a_claim_with_too_few_seeds_has_its_effect_and_no_verdict(plan, tables):
    rows = [row | {"seeds": 3} for row in command.judge(plan, "claims", tables)[1] if row["claim"] == "G8"]
    looks = pd.DataFrame([{"claim": "G8", "layer": "", "look": "one", "verdict": "undecided"}])
    (_, _, line) = verdict_table(rows, looks).splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[2] == "none, 3 seeds" and cells[4].startswith("+0.39 [") and cells[6] == ""
