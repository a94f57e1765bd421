"""`repdrift verify` and `repdrift clean`, on a small study of real artifacts."""

import json
from pathlib import Path

import pytest

from repdrift.cli import main
from repdrift.errors import UserError
from repdrift.provenance import fingerprint
from repdrift.provenance.artifacts import Job, seal, sidecar
from repdrift.provenance.verification import Verification

CODE = fingerprint.fingerprint("task")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Images outside the study, then a chain of artifacts, two of each kind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fingerprint, "running", "task")

    def make(path, text, *inputs):
        path = Path(path)
        Job({"name": path.stem}, CODE, [Path(each) for each in inputs]).save(path, lambda file: file.write_text(text))

    make("results/datasets/d/train.safetensors", "images")
    make("results/s/tasks/t/seed1.npz", "labels 1", "results/datasets/d/train.safetensors")
    make("results/s/tasks/t/seed2.npz", "labels 2", "results/datasets/d/train.safetensors")
    make("results/s/similarity/r.csv", "a,b\n1,2\n", "results/s/tasks/t/seed1.npz", "results/s/tasks/t/seed2.npz")
    make("results/s/figures/fig1.svg", "<svg/>", "results/s/similarity/r.csv")
    # What is no artifact.
    for path in ("logs/tasks/t.log", "models/r/seed1/.resume/abc/state.safetensors"):
        (Path("results/s") / path).parent.mkdir(parents=True)
        (Path("results/s") / path).write_text("x")
    return Path("results/s")


def faults(study):
    return [(fault.kind, str(fault.path)) for fault in Verification(study).faults()]


def test_an_untouched_study_is_verified(study, capsys):
    main(["verify", str(study)])
    assert "5 artifacts, 5 as they were made" in capsys.readouterr().out


@pytest.mark.parametrize("bit", range(0, 64, 9))
@pytest.mark.parametrize("name", ["tasks/t/seed1.npz", "similarity/r.csv", "../datasets/d/train.safetensors"])
def test_a_single_flipped_bit_is_found(study, name, bit, capsys):
    path = (study / name).resolve().relative_to(study.resolve().parents[1])
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)
    found = faults(study)
    assert ("altered", str(path)) in found
    # Whatever was made of it is named too.
    assert {kind for kind, faulty in found if faulty != str(path)} == {"stale"}
    with pytest.raises(SystemExit) as stopped:
        main(["verify", str(study)])
    assert str(stopped.value.code).startswith("error: 1 altered, ")
    assert f"altered  {path}" in capsys.readouterr().out


@pytest.mark.parametrize("with_sidecars", [False, True])
def test_a_swapped_pair_is_found(study, with_sidecars):
    a, b = (study / "tasks" / "t" / f"seed{seed}.npz" for seed in (1, 2))
    for first, second in [(a, b), (sidecar(a), sidecar(b))][: 1 + with_sidecars]:
        spare = first.with_name("spare")
        first.rename(spare)
        second.rename(first)
        spare.rename(second)
    assert {("altered", str(a)), ("altered", str(b)), ("stale", str(study / "similarity" / "r.csv"))} <= set(
        faults(study)
    )


def test_what_nobody_made_is_unknown(study):
    extra = study / "tables" / "fig1.csv"
    extra.parent.mkdir()
    extra.write_text("a\n")
    damaged = study / "figures" / "fig1.svg"
    sidecar(damaged).write_text("{")
    assert faults(study) == [("unknown", str(damaged)), ("unknown", str(extra))]


def test_changed_code_and_inputs_are_stale(study):
    path = study / "similarity" / "r.csv"
    made = json.loads(sidecar(path).read_text())
    made["code"] = "0123456789abcdef"
    sidecar(path).write_text(json.dumps(made | {"seal": seal(made)}))
    assert faults(study) == [("stale", str(path))]


def test_code_that_was_edited_while_the_job_began_is_stale(study):
    path = study / "similarity" / "r.csv"
    made = json.loads(sidecar(path).read_text())
    made |= {"code_at_start": "0123456789abcdef", "modules": made["modules"] | {"errors": "other"}}
    sidecar(path).write_text(json.dumps(made | {"seal": seal(made)}))
    (fault,) = Verification(study).faults()
    assert fault.reason == "the code that made it (errors) has changed since"


def test_a_module_that_was_moved_since_is_no_fault(study):
    path = study / "similarity" / "r.csv"
    made = json.loads(sidecar(path).read_text())
    made["modules"]["moved"] = made["modules"].pop("errors")
    sidecar(path).write_text(json.dumps(made | {"seal": seal(made)}))
    assert faults(study) == []


@pytest.mark.parametrize("key", ["spec", "code", "inputs", "device", "path", "seal"])
def test_an_edited_sidecar_is_found(study, key):
    path = study / "similarity" / "r.csv"
    made = json.loads(sidecar(path).read_text())
    sidecar(path).write_text(json.dumps(made | {key: {} if key in ("spec", "inputs") else "other"}))
    assert ("altered", str(path)) in faults(study)


def test_artifacts_of_another_version_of_torch_are_counted_and_no_fault(study, capsys):
    for name in ("similarity/r.csv", "figures/fig1.svg"):
        made = json.loads(sidecar(study / name).read_text())
        made["packages"] |= {"torch": "2.0.0", "pandas": "1.0"}  # pandas computes nothing that is stored
        sidecar(study / name).write_text(json.dumps(made | {"seal": seal(made)}))
    main(["verify", str(study)])
    said = capsys.readouterr().out
    assert said.count("note: ") == 1
    assert "note: 2 artifacts were made with torch 2.0.0, which is not the installed version" in said
    assert Verification(study).other_versions() == {("torch", "2.0.0"): 2}


def test_nothing_is_made_of_a_damaged_file(study):
    path = study / "tasks" / "t" / "seed1.npz"
    path.write_text("labels 2")
    with pytest.raises(UserError, match=f"^{path} is not as it was made: its SHA-256 is .*; delete it, and run"):
        Job({}, CODE, [path])


def test_what_was_deleted_is_no_fault(study):
    """Activations may be temporary: what was made of them is still what it is."""
    (study / "tasks" / "t" / "seed1.npz").unlink()
    assert faults(study) == []


@pytest.mark.parametrize("name", ["results/none", "results/s/logs"])
def test_nothing_to_verify_is_one_line(study, name):
    with pytest.raises(SystemExit, match=f"error: {name}: there"):
        main(["verify", name])


def test_clean_leaves_figures_and_data_sets(study, capsys):
    (study / "tables").mkdir()
    main(["clean", "s", "--keep-figures", "--dry-run"])
    assert "would delete logs, models, similarity, tasks" in capsys.readouterr().out
    assert (study / "tasks").exists()
    main(["clean", "s", "--keep-figures"])
    assert {path.name for path in study.iterdir()} == {"figures", "tables"}
    main(["clean", "s"])
    assert not study.exists()
    assert (study.parent / "datasets" / "d" / "train.safetensors").exists()


@pytest.mark.parametrize("name", ["datasets", "..", "../results", "none", ".", "s/tasks", "/"])
def test_clean_deletes_studies_only(study, name):
    with pytest.raises(SystemExit, match="is no study in results/; there are s"):
        main(["clean", name])
    assert (study / "tasks" / "t" / "seed1.npz").exists()
