"""Which artifacts of earlier code can be adopted, and what stands against it: a small study of real files."""

import csv
import json
from pathlib import Path

import pytest

import repdrift
from repdrift.cli import main
from repdrift.provenance import adoption
from repdrift.provenance.adoption import adopting, decide, plan_of, vanished
from repdrift.provenance.artifacts import Job, record, seal, sidecar
from repdrift.provenance.fingerprint import fingerprint, modules
from repdrift.provenance.planned_jobs import PlannedJob, RecordedJob, recorded_in
from repdrift.provenance.verification import Verification

PRESENT = fingerprint("task")
IMAGES = Path("results/datasets/d-1/train.safetensors")
LABELS = Path("results/s/tasks/t/seed1.npz")
TABLE, COPY = Path("results/s/tables/t.csv"), Path("results/s/tables/copy.csv")
FIGURE = Path("results/s/figures/t.svg")
SPECS = {
    IMAGES: {"dataset": {"train": 96}},
    LABELS: {"labels": {"random": 9}, "seed": 1},
    TABLE: {"columns": [{"run": "a"}, {"run": "b"}]},
    COPY: {"columns": [{"run": "a"}, {"run": "b"}]},
    FIGURE: {"figures": [{"name": "t", "caption": "Before."}]},
}
INPUTS = {IMAGES: [], LABELS: [IMAGES], TABLE: [LABELS], COPY: [LABELS], FIGURE: [TABLE]}
RAW = "raw.npz"


def make(path, code):
    inputs = [*INPUTS[path], *([Path(RAW)] if path == IMAGES else [])]
    Job(SPECS[path], code, inputs).save(path, lambda file: file.write_text(f"made as {path.name}"))


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A chain of artifacts that earlier code has made; one job makes both tables."""
    monkeypatch.chdir(tmp_path)
    Path(RAW).write_text("raw images")
    for path in SPECS:
        make(path, "earlier code")
    return Path("results/s")


def planned(specs=SPECS, inputs=INPUTS, code=PRESENT):
    """The plan of the study: what would be made now."""
    outputs = [(IMAGES, IMAGES.with_suffix(".sha256")), (LABELS,), (TABLE, COPY), (FIGURE,)]
    jobs = [
        PlannedJob("rule", "", tuple(inputs[paths[0]]), paths, "", "task", specs[paths[0]], code) for paths in outputs
    ]
    return plan_of(jobs)


def decided(plan=None, recorded=None):
    return decide(plan or planned(), recorded or {}, Verification(Path("results/s")))


def refused(plan=None, recorded=None):
    return [(str(fault.path), fault.kind, fault.reason) for fault in decided(plan, recorded).refused]


def changed(path, spec):
    return planned(specs=SPECS | {path: spec})


def content():
    return {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}


def adopt(plan=None, now=0.0):
    with adopting(decided(plan), now):
        pass


def test_what_differs_in_code_alone_is_adopted_and_the_trail_is_kept(study):
    before = {path: record(path) for path in SPECS}
    decision = decided()
    assert (set(decision.adopted), decision.current, decision.refused) == (set(SPECS), [], [])
    adopt(now=86400.0)
    for path, made in before.items():
        entry = {
            "code": PRESENT, "program": "task", "modules": modules("task"), "before": "earlier code",
            "at": "1970-01-02T00:00:00Z", "version": repdrift.__version__,
        }  # fmt: skip
        now = record(path)
        assert now.pop("adopted") == [entry]
        assert {**now, "seal": None} == {**made, "seal": None}
        assert record(path)["seal"] == seal(record(path))


def test_what_was_adopted_is_verified_and_counted(study, capsys):
    with pytest.raises(SystemExit):
        main(["verify", str(study)])
    assert "the code that made it has changed since" in capsys.readouterr().out
    adopt()
    main(["verify", str(study)])
    assert capsys.readouterr().out == (
        "results/s: 5 artifacts, 5 as they were made, 5 of them by other code, and adopted\n"
    )


def test_it_is_strict_again_after_an_adoption(study, monkeypatch):
    adopt()
    later = planned(code="later code")
    assert set(decided(later).adopted) == set(SPECS)
    adopt(later, now=1.0)
    first, second = record(FIGURE)["adopted"]
    assert (first["code"], first["before"]) == (PRESENT, "earlier code")
    assert (second["code"], second["before"]) == ("later code", PRESENT)
    assert record(FIGURE)["code"] == "earlier code"
    reasons = {fault.reason for fault in Verification(study).faults()}
    assert reasons == {"the code that it was adopted for has changed since"}


def test_there_is_nothing_to_adopt_of_what_the_present_code_has_made(study):
    for path in SPECS:
        make(path, PRESENT)
    before = content()
    decision = decided()
    assert (decision.adopted, decision.refused) == ({}, [])
    assert set(decision.current) == set(SPECS)
    adopt()
    assert content() == before


def test_an_artifact_from_before_programs_had_names_is_adopted(study):
    made = record(LABELS)
    old = {key: value for key, value in made.items() if key != "program"} | {
        "stage": "stages.task",
        "modules": {"a": "1"},
    }
    sidecar(LABELS).write_text(json.dumps(old | {"seal": seal(old)}))
    adopt()
    assert record(LABELS)["stage"] == "stages.task"
    assert list(Verification(study).faults()) == []


def test_an_altered_artifact_is_refused_and_what_was_made_of_it(study):
    LABELS.write_text("edited")
    found = refused()
    assert [(path, kind) for path, kind, _ in found] == [
        (str(LABELS), "altered"), (str(TABLE), "stale"), (str(COPY), "stale"),
    ]  # fmt: skip
    assert found[1][2] == f"{LABELS} has changed since"


@pytest.mark.parametrize("key", ["spec", "code", "inputs", "device", "adopted"])
def test_an_edited_sidecar_is_refused(study, key):
    sidecar(LABELS).write_text(json.dumps(record(LABELS) | {key: "edited"}))
    edited = (str(LABELS), "altered", "its sidecar is not as it was written")
    assert refused() == [edited]
    assert edited in [(str(fault.path), fault.kind, fault.reason) for fault in Verification(study).faults()]


def test_a_file_without_a_sidecar_is_refused(study):
    sidecar(TABLE).unlink()
    assert refused() == [(str(TABLE), "unknown", "no sidecar says what it is made of")]


def test_changed_raw_images_are_refused(study):
    Path(RAW).write_text("other images")
    assert refused() == [(str(IMAGES), "stale", f"{RAW} has changed since")]


@pytest.mark.parametrize(
    ("spec", "difference"),
    [
        ({"labels": {"random": 4}, "seed": 1}, "labels.random 9 -> 4"),
        ({"labels": {"shift": 9}, "seed": 1}, "labels.random 9 -> absent"),
        ({"labels": {"random": 9}, "seed": 1.0}, "seed 1 -> 1.0"),
        ({"labels": {"random": 9}, "seed": 1, "kept": None}, "kept absent -> null"),
    ],
)
def test_a_setting_that_differs_is_refused_and_named(study, spec, difference):
    assert refused(changed(LABELS, spec))[0] == (str(LABELS), "differs", difference)


def test_a_setting_deep_in_a_list_is_named_for_each_file_of_the_job(study):
    plan = changed(TABLE, {"columns": [{"run": "a"}, {"run": "c"}]})
    assert refused(plan) == [(str(path), "differs", 'columns[1].run "b" -> "c"') for path in (TABLE, COPY)]


def test_what_shows_changed_words_is_made_again_with_all_that_is_made_of_it(study):
    """Neither refused, for no number depends on words, nor adopted, for the words have changed."""
    titles = {"columns": [{"run": "a", "title": "A"}, {"run": "b"}]}
    decision = decided(changed(TABLE, titles))
    assert (decision.reworded, decision.refused, set(decision.adopted)) == ([TABLE, COPY, FIGURE], [], {IMAGES, LABELS})
    decision = decided(changed(FIGURE, {"figures": [{"name": "t", "caption": "After."}]}))
    assert (decision.reworded, decision.refused) == ([FIGURE], [])
    assert refused(changed(FIGURE, {"figures": [{"name": "u", "caption": "After."}]})) == [
        (str(FIGURE), "differs", 'figures[0].name "t" -> "u"')
    ]


def test_other_inputs_are_refused(study):
    """The name of a data set's folder depends on its settings, which the specs of what is made of it do not have."""
    other = Path("results/datasets/d-2/train.safetensors")
    specs, inputs = SPECS | {other: {"dataset": {"train": 128}}}, INPUTS | {LABELS: [other], other: []}
    plan = planned(specs, inputs) | {other: PlannedJob("rule", "", (), (other,), "", "task", specs[other], PRESENT)}
    del plan[IMAGES]
    assert (str(LABELS), "differs", f'inputs ["{IMAGES}"] -> ["{other}"]') in refused(plan)


def test_what_was_never_made_is_neither_adopted_nor_refused(study):
    for path in (FIGURE, sidecar(FIGURE)):
        path.unlink()
    plan = changed(FIGURE, {"other": 1})
    assert (FIGURE in decided(plan).adopted, decided(plan).refused) == (False, [])


def test_one_missing_file_of_a_job_does_not_stand_against_the_other(study):
    for path in (COPY, sidecar(COPY)):
        path.unlink()
    assert (set(decided().adopted), refused()) == (set(SPECS) - {COPY}, [])


def test_the_sidecar_of_a_deleted_file_is_adopted_or_refused(study):
    """Such as activations that are not kept: what was made of them depends on their settings."""
    LABELS.unlink()
    assert LABELS in decided().adopted
    assert refused(changed(LABELS, {"labels": {"random": 4}, "seed": 1})) == [
        (str(LABELS), "differs", "labels.random 9 -> 4")
    ]


@pytest.mark.parametrize(
    ("recorded", "faults"),
    [
        (None, ["unknown"]),
        (RecordedJob((IMAGES,), SPECS[LABELS]), []),
        (RecordedJob((IMAGES,), {"labels": {"random": 4}, "seed": 1}), ["differs"]),
        (RecordedJob((), SPECS[LABELS]), ["differs"]),
    ],
)
def test_of_a_file_that_is_gone_with_its_sidecar_snakemake_must_know(study, recorded, faults):
    for path in (LABELS, sidecar(LABELS)):
        path.unlink()
    assert vanished(planned()) == [LABELS]
    found = refused(recorded={LABELS: recorded} if recorded else {})
    assert [(path, kind) for path, kind, _ in found] == [(str(LABELS), kind) for kind in faults]


def test_nothing_is_half_adopted(study):
    before = content()
    with pytest.raises(RuntimeError, match="locked"), adopting(decided(), 0.0):
        raise RuntimeError("locked")
    assert content() == before
    with pytest.raises(RuntimeError), adopting(decided(), 0.0):
        make(LABELS, "code of a job that runs meanwhile")
        raise RuntimeError
    assert record(LABELS)["code"] == "code of a job that runs meanwhile"


def test_a_full_disk_adopts_nothing(study, monkeypatch):
    before, write, written = content(), adoption.write_sidecar, []

    def full(path, made):
        if path == FIGURE:
            raise OSError("disk full")
        written.append(path)
        write(path, made)

    monkeypatch.setattr(adoption, "write_sidecar", full)
    with pytest.raises(OSError, match="disk full"):
        adopt()
    assert written[:4] == [IMAGES, LABELS, TABLE, COPY]
    assert content() == before


def test_a_command_of_any_length_is_read_from_snakemakes_summary():
    spec = {"numbers": list(range(50_000))}
    command = f"python -m repdrift.stages judge --spec '{json.dumps(spec)}' --code 1"
    header = ["output_file", "date", "rule", "log-file(s)", "input-file(s)", "shellcmd", "status", "plan"]
    cells = ["results/s/verdicts.csv", "today", "judge", "log", "a.csv,b.csv", command, "ok", "no update"]
    assert len(command) > csv.field_size_limit()
    found = recorded_in("\n".join(["Building DAG of jobs...", "\t".join(header), "\t".join(cells)]))
    assert found == {Path(cells[0]): RecordedJob((Path("a.csv"), Path("b.csv")), spec)}
    assert recorded_in("Building DAG of jobs...\n") == {}
