"""What leaves a study: LaTeX that compiles and has its numbers, and a crate that is valid and can be verified."""

import json
import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import pandas as pd
import pytest
from rocrate.rocrate import ROCrate


@pytest.fixture(scope="module")
def latex(complete_study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "latex"
    complete_study.repdrift("export", "tiny", "--latex", folder)
    return folder


@pytest.fixture(scope="module")
def crate(complete_study, tmp_path_factory):
    """The crate, as somebody else has unpacked it."""
    folder = tmp_path_factory.mktemp("export") / "crate"
    complete_study.repdrift("export", "results/tiny", "--crate", folder)
    return folder


@pytest.fixture
def unpacked(crate, tmp_path):
    return shutil.copytree(crate, tmp_path / "unpacked")


def macros(latex):
    lines = (latex / "numbers.tex").read_text().splitlines()
    found = [re.fullmatch(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}", line) for line in lines]
    return {match[1]: match[2] for match in found}


def test_every_verdict_is_a_macro(latex, complete_study):
    found = macros(latex)
    verdicts = pd.read_csv(complete_study.folder / "results" / "tiny" / "claims.csv")
    assert sum(bool(re.fullmatch(r"rd[A-Z]\w*?Verdict", name)) for name in found) == verdicts["claim"].nunique()
    assert found["rdClaims"] == str(verdicts["claim"].nunique())
    assert found["rdGOneVerdict"] == found["rdGOneVerdictCkaBiased"] == "undecided"
    assert "rdGOneInterval" not in found  # one seed has no interval, and a text that quotes one is not compiled


def test_an_accuracy_is_that_of_the_history(latex, complete_study):
    history = pd.read_csv(complete_study.folder / "results/tiny/models/objects+objects-random9/seed1/history.csv")
    expected = f"{history['test_accuracy'].iloc[-1]:.1f}"
    assert macros(latex)["rdRunObjectsPlusObjectsRandomNineTestAccuracy"] == rf"\ensuremath{{{expected}}}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_latex_compiles_the_tables_and_the_macros(latex):
    for _ in range(2):  # the second time, the widths of the tables are known
        called = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "preview.tex"]
        done = subprocess.run(called, check=False, cwd=latex, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull \\hbox" not in done.stdout
    assert "Missing character" not in (latex / "preview.log").read_text(errors="replace")


def test_the_crate_says_what_it_has_and_what_made_it(crate):
    read = ROCrate(crate)
    run = read.root_dataset["mentions"]
    assert run["instrument"] == read.mainEntity
    results = {entity.id for entity in run["result"]}
    assert {"results/tiny/figures/fig1.svg", "results/tiny/tables/fig1.csv", "results/tiny/report.html"} <= results
    graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    known = {entity["@id"] for entity in graph}
    assert len(known) == len(graph)
    assert list(dangling(graph, known)) == []
    assert not list(crate.rglob("*.safetensors"))
    assert list(crate.rglob("final.safetensors.json"))


def dangling(value, known):
    """Yield the identifiers in a crate that nothing in it has, but for those on the web."""
    if isinstance(value, dict):
        if set(value) == {"@id"} and value["@id"] not in known and "://" not in value["@id"]:
            yield value["@id"]
        for below in value.values():
            yield from dangling(below, known)
    elif isinstance(value, list):
        for below in value:
            yield from dangling(below, known)


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """The command of `validate_crate.py`, with the packages that it needs, which do not fit beside those of a crate."""
    environment = tmp_path_factory.mktemp("validator") / "environment"
    venv.create(environment, with_pip=True)
    install = ["-m", "pip", "install", "--quiet", "roc-validator==0.13.0", "rocrate==0.9.0"]
    installed = subprocess.run([environment / "bin/python", *install], check=False, capture_output=True, text=True)
    if installed.returncode:
        assert not os.environ.get("REPDRIFT_REQUIRE_PEERS"), installed.stderr
        pytest.skip("no index of packages to install the validator from")
    return [environment / "bin/python", Path(__file__).with_name("validate_crate.py")]


def test_the_validator_accepts_the_crate(crate, validator, tmp_path):
    done = subprocess.run([*validator, crate, tmp_path / "cache"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_the_validator_refuses_a_word_that_no_context_defines(unpacked, validator, tmp_path):
    described = unpacked / "ro-crate-metadata.json"
    crate = json.loads(described.read_text())
    crate["@graph"][0]["zzz"] = "x"
    described.write_text(json.dumps(crate))
    done = subprocess.run([*validator, unpacked, tmp_path / "cache"], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert '"zzz"' in done.stdout


def test_an_unpacked_crate_is_as_it_was_made(unpacked, complete_study):
    told = complete_study.repdrift("verify", unpacked).stdout
    assert re.search(r"the crate has only the sidecars of .*\d+ activations", told)
    assert re.search(r"unpacked: (\d+) artifacts, \1 as they were made", told)


def test_what_is_altered_missing_or_unknown_in_a_crate_is_told(unpacked, complete_study):
    study = unpacked / "results" / "tiny"
    with (study / "tables" / "fig1.csv").open("a") as file:
        file.write("\n")
    (study / "figures" / "fig2.pdf").unlink()
    shutil.copy(study / "figures" / "fig3.png", study / "figures" / "other.png")
    done = complete_study.repdrift("verify", unpacked, check=False)
    assert "altered  results/tiny/tables/fig1.csv" in done.stdout
    assert "missing  results/tiny/figures/fig2.pdf" in done.stdout
    assert "unknown  results/tiny/figures/other.png" in done.stdout
    assert "stale    results/tiny/figures/fig1.svg: results/tiny/tables/fig1.csv has changed since" in done.stdout
    assert re.search(r"1 altered, \d stale, 1 unknown, 1 missing", done.stderr)
    assert done.returncode == 1
