"""Artifacts: whole or absent, and each with a sidecar that tells the truth; the fingerprint of the code."""

import calendar
import hashlib
import json
import time

import pytest

from repdrift import fingerprint
from repdrift.artifacts import Job, write_atomically


def test_a_failing_writer_leaves_nothing(tmp_path):
    target = tmp_path / "folder" / "x.csv"

    def fail(file):
        file.write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        write_atomically(target, fail)
    assert list(target.parent.iterdir()) == []


def test_a_failing_writer_keeps_the_old_file(tmp_path):
    target = tmp_path / "x.csv"
    write_atomically(target, lambda file: file.write_text("old"))
    with pytest.raises(ZeroDivisionError):
        write_atomically(target, lambda file: 1 / 0)
    assert target.read_text() == "old"


def test_sidecar_tells_what_the_artifact_is_made_of(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("input")
    Job({"seed": 1}, "abc", [source]).save(tmp_path / "out.csv", lambda file: file.write_text("output"))
    record = json.loads((tmp_path / "out.csv.json").read_text())
    assert record["sha256"] == hashlib.sha256(b"output").hexdigest()
    assert record["inputs"] == {str(source): hashlib.sha256(b"input").hexdigest()}
    assert record["spec"] == {"seed": 1}
    assert record["code"] == "abc"
    assert record["packages"]["torch"]


def test_duration_counts_from_the_start_of_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr("repdrift.STARTED", time.time() - 100)
    Job({}, "").save(tmp_path / "x", lambda file: file.write_text("x"))
    record = json.loads((tmp_path / "x.json").read_text())
    assert 100 <= record["seconds"] < 160
    began = calendar.timegm(time.strptime(record["started"], "%Y-%m-%dT%H:%M:%SZ"))
    assert 100 <= time.time() - began < 160


def test_files_can_be_read_by_others(tmp_path):
    Job({}, "").save(tmp_path / "x", lambda file: (file.touch(mode=0o600), file.write_text("x")))
    assert (tmp_path / "x").stat().st_mode & 0o044 == 0o044


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package: stages.a imports helper, which imports constants; stages.b stands alone."""
    root = tmp_path / "package"
    (root / "stages").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "stages/__init__.py": "",
        "stages/a.py": "from package.helper import double\n\nprint(double(2))\n",
        "stages/b.py": "print(1)\n",
        "helper.py": 'from package import constants as c\n\n\ndef double(x):\n    """Twice."""\n    return c.TWO * x\n',
        "constants.py": "TWO = 2\n",
    }
    for name, text in files.items():
        (root / name).write_text(text)
    monkeypatch.setattr(fingerprint, "PACKAGE", root)

    def prints():
        for cached in (fingerprint._tree, fingerprint._imports, fingerprint._digest):
            cached.cache_clear()
        return [fingerprint.fingerprint(f"stages.{stage}") for stage in "ab"]

    yield root, prints
    for cached in (fingerprint._tree, fingerprint._imports, fingerprint._digest):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("helper.py", "Twice.", "Two times x."),
        ("helper.py", "\n\n\ndef", "\n\n# a comment\ndef"),
        ("stages/a.py", "print(double(2))", "print(\n    double(2),\n)"),
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(package, file, old, new):
    root, prints = package
    before = prints()
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))
    assert prints() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("constants.py", "2", "3"), ("helper.py", "* x", "+ x"), ("stages/a.py", "double(2)", "double(5)")],
)
def test_a_change_counts_for_those_that_import_it_and_for_no_other(package, file, old, new):
    root, prints = package
    a, b = prints()
    (root / file).write_text((root / file).read_text().replace(old, new))
    assert prints()[0] != a
    assert prints()[1] == b


def test_real_stages_differ_in_what_they_depend_on():
    training, drawing = (fingerprint._closure(f"stages.{stage}") for stage in ("train", "table"))
    assert {"training", "networks", "seeds", "artifacts"} <= training
    assert not {"training", "networks", "figures"} & drawing
    assert "similarity" not in training
