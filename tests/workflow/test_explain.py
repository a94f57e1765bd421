"""`repdrift explain` and `repdrift verify` on a study that has been run."""

import hashlib
import re
from pathlib import Path

import pytest
from tests.workflow.changes import both, delete, edit, flip_bit, kept, overlay
from tests.workflow.tiny import CROSS, DOMAIN, TINY, role_of

from repdrift.provenance.verification import Verification, artifacts

RESULTS = "results/tiny"
UP_TO_DATE = "It would not be made again: nothing that it is made of has changed."


def explain(study, name):
    return study.repdrift("explain", f"{RESULTS}/{name}", *TINY).stdout


def why(study, name):
    return [line.strip() for line in explain(study, name).partition("It would be made again:\n")[2].splitlines()]


def test_a_figure_is_followed_back_to_its_images(tiny_study):
    told = explain(tiny_study, "figures/fig4.png")
    assert told.rstrip().endswith(UP_TO_DATE)
    checksums = dict(re.findall(r"^(\S+)\n    made by .*\n    SHA-256 (\w+)$", told, flags=re.MULTILINE))
    for name, checksum in checksums.items():
        assert hashlib.sha256((tiny_study.folder / name).read_bytes()).hexdigest() == checksum, name
    runs = [*DOMAIN, *CROSS]
    needed = [f"models/{run}/seed1/final.safetensors" for run in ("objects", *runs)]
    needed += [f"similarity/runs/{role_of(run)}/{run}/seed1.csv" for run in runs]
    needed += ["tables/fig4.csv", "models/init/seed1/init.safetensors", "tasks/target-objects-random9/seed1.npz"]
    assert {f"{RESULTS}/{name}" for name in needed} <= set(checksums)
    assert [name for name in checksums if "objects-n64" in name or "models/objects-random9" in name] == []
    datasets = {re.sub("-[0-9a-f]{8}/", " ", name) for name in checksums if name.startswith("results/datasets/")}
    names = ("objects train", "objects test", "digits train")
    assert datasets == {f"results/datasets/{name}.safetensors" for name in names}
    assert 'labels: {"random": 9}' in told
    assert '"learning_rate": 0.001' in told


def test_a_changed_setting_is_named_with_both_values(tiny_study):
    with overlay("finetune: {epochs: 2}")(tiny_study):
        rule, setting, rest = why(tiny_study, "figures/fig4.png")
    assert rule.startswith("3 finetune (run=objects+")
    assert setting == "changed setting: training.steps 1 -> 2"
    assert rest == "and of what these make: 3 activations, 3 similarity, 1 table, 1 figure"


@pytest.mark.parametrize("quiet", ["[rules, progress]", "[all]"])
def test_a_quiet_profile_hides_nothing(tiny_study, quiet):
    profile = f"quiet: {quiet}\ngroups: {{finetune: group}}\ngroup-components: {{group: 9}}\ncores: all"
    change = both(edit("profiles/default/config.yaml", "cores: all", profile), overlay("finetune: {epochs: 2}"))
    with change(tiny_study):
        assert why(tiny_study, "figures/fig4.png")[1] == "changed setting: training.steps 1 -> 2"


def test_changed_code_is_named_by_module(tiny_study):
    with edit("workflow/repdrift/data/labels.py", "+ shift) %", "- shift) %")(tiny_study):
        told = why(tiny_study, "tasks/objects/seed1.npz")
    assert told == ["1 task (task=objects, seed=1)", "changed code: data.labels"]


def test_a_changed_input_is_named(tiny_study):
    history = f"{RESULTS}/models/objects/seed1/history.csv"
    with edit(history, "\n2,", "\n3,")(tiny_study):
        told = why(tiny_study, "figures/fig2.png")
    assert told == ["1 table (figure=fig2)", f"changed input: {history}", "and of what these make: 1 figure"]


def test_a_missing_file_is_named(tiny_study):
    with delete(f"{RESULTS}/figures/fig3.png")(tiny_study):
        assert why(tiny_study, "figures/fig3.png") == ["1 figure (figure=fig3)", f"missing: {RESULTS}/figures/fig3.png"]


def test_what_was_never_made(tiny_study):
    told = why(tiny_study, "figures/fig5.png")
    assert told == ["1 table (figure=fig5)", "never made", "1 figure (figure=fig5)", "never made"]


@pytest.mark.parametrize(
    ("name", "refused"), [("logs/figures/fig1.log", "there is no sidecar fig1.log.json"), ("fig9.png", "fig9.png")]
)
def test_what_cannot_be_explained_is_one_line(tiny_study, name, refused):
    done = tiny_study.repdrift("explain", f"{RESULTS}/{name}", *TINY, check=False)
    assert done.returncode == 1
    assert refused in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_flipped_bit_is_found_in_every_kind_of_file(tiny_study, monkeypatch):
    monkeypatch.chdir(tiny_study.folder)
    by_kind = {}
    folder = Path(RESULTS)
    for path in artifacts(folder):
        by_kind[path.parts[2], path.suffix] = path
    assert {kind for _, kind in by_kind} == {".safetensors", ".npz", ".csv", ".svg", ".pdf", ".png"}
    assert list(Verification(folder).faults()) == []
    for path in by_kind.values():
        with kept(path):
            flip_bit(path)
            assert path in {fault.path for fault in Verification(folder).faults() if fault.kind == "altered"}
