"""Artifacts: whole or absent, and each with a sidecar that tells the truth."""

import calendar
import hashlib
import json
import os
import time

import pytest

import repdrift
from repdrift.provenance.artifacts import Job, write_atomically


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


def test_a_writer_deletes_what_killed_writers_of_the_same_file_have_left(tmp_path):
    target = tmp_path / "fig1.pdf"
    killed, alive = tmp_path / ".fig1.19383.pdf", tmp_path / ".fig1.19384.pdf"
    others = [tmp_path / name for name in (".fig1.19383.svg", ".fig1.a.pdf", ".fig11.19383.pdf", "fig1.1.pdf")]
    for file in (killed, alive, *others):
        file.write_text("half")
    for file in (killed, *others):
        os.utime(file, times=(0, repdrift.STARTED - 60))
    os.utime(alive, times=(0, repdrift.STARTED + 60))
    write_atomically(target, lambda file: file.write_text("whole"))
    assert sorted(tmp_path.iterdir()) == sorted([target, alive, *others])


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
