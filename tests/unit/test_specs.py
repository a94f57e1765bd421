"""Specs: what the plan writes for a job is what its program reads, and a program reads nothing else."""

import json
from dataclasses import MISSING, fields, is_dataclass
from typing import get_args, get_type_hints

import pytest
from tests.unit.presets import PRESETS, in_words

from repdrift import specs as shared
from repdrift.canonical import canonical
from repdrift.claims.contrasts import Contrast
from repdrift.experiments.decodability import specs as of_decodability
from repdrift.experiments.drift import specs as of_drift
from repdrift.experiments.drift.claims import multiverse_spec
from repdrift.experiments.grounding import specs as of_grounding
from repdrift.experiments.head2toe import specs as of_head2toe
from repdrift.experiments.movement import specs as of_movement
from repdrift.experiments.transfer import specs as of_transfer
from repdrift.experiments.transferability import specs as of_transferability
from repdrift.plan import specs
from repdrift.plan.plan import Plan
from repdrift.specs import FigureSpec, JudgeSpec, TrainingSettings, TrainSpec, parse
from repdrift.study.figure import Panel
from repdrift.study.study import COMPARED_ROLES
from repdrift.study.tasks import Part

MODULES = (shared, of_drift, of_transfer, of_transferability, of_head2toe, of_movement, of_decodability, of_grounding)
KINDS = {kind for module in MODULES for name, kind in vars(module).items() if name.endswith("Spec") and name != "Spec"}


def all_specs(plan):
    """Specs of all jobs of a study for its last seed."""
    study, seed = plan.study, plan.study.seeds[-1]
    yield from (specs.dataset(plan, store, split) for store in study.stores for split in ("train", "test"))
    yield from (specs.task(plan, task, seed) for task in plan.tasks)
    yield from (specs.initialise(plan, weights, seed) for weights in study.initial_weights)
    if not study.trains_source:
        yield specs.weights(plan)
    yield from (specs.train(plan, run, seed) for run in plan.runs)
    yield from (specs.activations(plan, role, run) for role in COMPARED_ROLES for run in plan.runs)
    for name in plan.experiments["drift"].usual_runs:
        yield from (specs.similarity(plan, role, name, seed) for role in study.probes(plan.runs[name]))
    yield from (specs.table(figure) for figure in plan.figures.values() if figure.rows)
    yield from (specs.figure(plan, name) for name in plan.figures)
    yield from (specs.judge(plan, figure) for figure in plan.claims)
    yield specs.report(plan)
    for name, experiment in plan.experiments.items():
        yield from OF_EXPERIMENTS[name](experiment, seed)


def drift_specs(drift, seed):
    yield drift.curve_spec(seed)
    yield drift.layers_spec(seed)
    yield from (drift.sensitivity_spec(role, group, seed) for role, group in drift.tried_groups)
    yield multiverse_spec(drift)
    yield drift.validation_spec()


def transfer_specs(transfer, seed):
    for dataset in transfer.targets:
        yield transfer.pairs_spec(dataset, seed)
        yield transfer.lines_spec(dataset, seed)
        yield transfer.criticality_spec(dataset, seed)
    yield from (transfer.rates_spec(task, seed) for task in transfer.tuned)


def transferability_specs(transferability, seed):
    yield from (transferability.networks_spec(dataset, seed) for dataset in transferability.datasets)
    yield transferability.regression_spec()


def head2toe_specs(head2toe, seed):
    for target in head2toe.tasks_of:
        yield head2toe.features_spec(target, seed)
        yield head2toe.probes_spec(target, seed)
        yield from (head2toe.tuning_spec(method, target, seed) for method in head2toe.parents)
    yield head2toe.affinity_spec()


def decodability_specs(decodability, seed):
    yield from (decodability.spec(dataset, seed) for dataset in decodability.roles)


def grounding_specs(grounding, seed):
    yield from map(grounding.pairs_spec, grounding.reductions)
    yield grounding.precision_spec()


OF_EXPERIMENTS = {
    "drift": drift_specs,
    "transfer": transfer_specs,
    "transferability": transferability_specs,
    "head2toe": head2toe_specs,
    "movement": lambda movement, seed: (movement.spec(role, seed) for role in movement.roles),
    "decodability": decodability_specs,
    "grounding": grounding_specs,
    # The programs that all experiments share make everything for these.
    "networks": lambda networks, seed: iter(()),
    "precision": lambda precision, seed: iter(()),
}


@pytest.mark.parametrize("presets", PRESETS, ids=in_words)
def test_a_program_reads_what_the_plan_has_written(load_config, presets):
    plan = Plan(load_config(*presets))
    for spec in all_specs(plan):
        assert parse(type(spec), canonical(spec)) == spec


def test_every_kind_of_spec_is_of_some_job(load_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a network is described in results/networks
    network = {"name": "torchvision:resnet18", "arguments": {}, "layers": None}
    given = load_config() | {"network": network, "variants": {}, "weights": "torchvision:IMAGENET1K_V1"}
    found = {type(spec) for plan in (Plan(load_config()), Plan(given)) for spec in all_specs(plan)}
    assert found == KINDS


@pytest.fixture
def plan(load_config):
    return Plan(load_config("small"))


def inside(**changes):
    """Change settings of the training; None takes one out."""

    def change(spec):
        training = {key: value for key, value in (spec["training"] | changes).items() if value is not None}
        return spec | {"training": training}

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda spec: spec | {"epochs": 3}, id="an unknown key"),
        pytest.param(inside(epochs=3), id="an unknown key inside"),
        pytest.param(inside(steps=None), id="a missing key inside"),
        pytest.param(lambda spec: spec | {"seed": "1"}, id="text for a number"),
        pytest.param(lambda spec: spec | {"run": 1}, id="a number for text"),
        pytest.param(lambda spec: spec | {"checkpoints": 3}, id="a number for a list"),
        pytest.param(lambda spec: spec | {"checkpoints": ["3"]}, id="text in a list of numbers"),
        pytest.param(lambda spec: spec | {"head": None}, id="null for text"),
        pytest.param(inside(steps=2.5), id="a fraction for a whole number"),
        pytest.param(inside(steps=True), id="true for a number"),
        pytest.param(inside(momentum=0), id="a whole number for a fraction"),
        pytest.param(lambda spec: [spec], id="a list"),
    ],
)
def test_another_spec_is_refused(plan, change):
    spec = json.loads(canonical(specs.train(plan, "objects", 1)))
    assert parse(TrainSpec, json.dumps(spec)).seed == 1
    other = json.dumps(change(spec))
    with pytest.raises(ValueError):
        parse(TrainSpec, other)


@pytest.mark.parametrize("key", [field.name for field in fields(TrainSpec) if field.default is MISSING])
def test_a_missing_key_is_refused(plan, key):
    spec = json.loads(canonical(specs.train(plan, "objects", 1)))
    del spec[key]
    with pytest.raises(ValueError, match=key):
        parse(TrainSpec, json.dumps(spec))


def test_a_later_setting_is_written_only_where_it_is_not_as_before(load_config):
    config = load_config("small")
    old = json.loads(canonical(specs.train(Plan(config), "objects", 1)))
    assert set(old) == {"run", "task", "network", "head", "training", "checkpoints", "order", "seed"}
    assert set(old["training"]) == {
        "learning_rate", "momentum", "weight_decay", "batch_size", "precision", "steps", "test_every"
    }  # fmt: skip
    added = {"schedule": {"step": 1, "factor": 0.5}, "augmentation": {"flip": True, "crop": 0}, "warmup": 0}
    config["training"] |= added
    new = json.loads(canonical(specs.train(Plan(config), "objects", 1)))
    training = old["training"] | {"schedule": added["schedule"], "augmentation": {"flip": True}}
    assert new == old | {"training": training}
    shown = specs.report(Plan(config)).config
    usual = {key: old["training"][key] for key in old["training"] if key not in ("steps", "test_every")}
    assert shown["training"] == usual | {"schedule": added["schedule"], "augmentation": {"flip": True}}
    assert "train" not in shown["finetune"]
    config["finetune"]["train"] = "head"
    assert specs.report(Plan(config)).config["finetune"]["train"] == "head"
    with pytest.raises(ValueError):
        parse(TrainSpec, json.dumps(old | {"train": "all"}))


def test_a_missing_key_of_a_contrast_is_refused(plan):
    """The function that makes contrasts has defaults; what is written has none."""
    spec = json.loads(canonical(specs.judge(plan, "claims")))
    del spec["claims"][0]["contrasts"][0]["equal"]
    with pytest.raises(ValueError, match="equal"):
        parse(JudgeSpec, json.dumps(spec))


# Settings that did not exist when results were published whose settings must stay the same.
LATER = {
    *(("Training", name) for name in ("optimizer", "schedule", "warmup", "label_smoothing", "augmentation")),
    *(("TrainingSettings", name) for name in ("optimizer", "schedule", "warmup", "label_smoothing", "augmentation")),
    *(("Augmentation", name) for name in ("flip", "crop")),
    ("TrainSpec", "train"),
    *((kind, "reduce") for kind in ("ActivationsSpec", "CurveSpec", "SensitivitySpec", "UsualMeasurement")),
    *((kind, "reduce") for kind in ("PairsSpec", "UsualChoices")),
    ("ActivationsSpec", "features"),
    *(("FigureSpec", name) for name in ("width", "font")),
    *((kind, "own") for kind in ("SimilaritySpec", "CurveSpec", "SensitivitySpec", "PairsSpec", "MovementSpec")),
}


def test_no_part_of_a_spec_has_a_default_but_later_settings():
    """A key with a default could be left out, and what a program then uses would stand nowhere."""
    waiting, seen = list(KINDS), set()
    while waiting:
        kind = waiting.pop()
        seen.add(kind)
        for field in fields(kind):
            has_default = field.default is not MISSING or field.default_factory is not MISSING
            assert has_default == ((kind.__name__, field.name) in LATER), f"{kind.__name__}.{field.name}"
        inside = {part for hint in get_type_hints(kind).values() for part in parts_of(hint) if is_dataclass(part)}
        waiting += inside - seen
    assert {Contrast, Panel, Part, TrainingSettings} <= seen


def parts_of(hint):
    """Give the types that a type hint is made of."""
    return [hint, *(part for argument in get_args(hint) for part in parts_of(argument))]


@pytest.mark.parametrize("text", ["", "{", "train"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"JSON|truncated"):
        parse(TrainSpec, text)


def test_the_reduction_of_layers_is_written_only_where_it_is_not_as_before(load_config):
    config = load_config("small")
    before = [text for text in map(canonical, all_specs(Plan(config))) if '"reduce"' in text]
    assert [set(json.loads(text)) for text in before] == [
        {"study", "title", "studied", "figures", "trainings", "config"}
    ]  # of the report
    config["probe"]["reduce"] = "mean"
    config["sensitivity"]["reduce"] = ["none", "mean"]
    drift = Plan(config).experiments["drift"]
    assert json.loads(canonical(specs.activations(Plan(config), "domain", "objects")))["reduce"] == "mean"
    assert json.loads(canonical(drift.curve_spec(1)))["reduce"] == "mean"
    tried = json.loads(canonical(drift.sensitivity_spec("domain", "main", 1)))
    assert (tried["reduce"], tried["usual"]["reduce"]) == (["mean", "none"], "mean")
    assert json.loads(canonical(multiverse_spec(drift)))["usual"]["reduce"] == "mean"


def test_the_width_and_the_font_of_figures_change_the_specs_of_figures_alone(load_config):
    config = load_config("small")
    before = list(all_specs(Plan(config)))
    config["figures"] = {"width": "86 mm", "font": "DejaVu Serif"}
    after = list(all_specs(Plan(config)))
    changed = {type(one) for one, other in zip(before, after, strict=True) if canonical(one) != canonical(other)}
    assert changed == {FigureSpec}
    figures = [spec for spec in after if isinstance(spec, FigureSpec)]
    assert {(spec.width, spec.font) for spec in figures} == {(3.3858, "DejaVu Serif")}
