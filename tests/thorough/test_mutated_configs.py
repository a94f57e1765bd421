"""Configs with random faults: each is refused in one line before any job, or the study runs to its end."""

import copy
import re
from functools import reduce

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.checkout import REPOSITORY, Checkout
from tests.thorough.amount import ASKED, amount
from tests.workflow.tiny import COMPLETE

from repdrift.errors import UserError
from repdrift.plan import specs
from repdrift.plan.checking import check
from repdrift.plan.plan import Plan
from repdrift.study.config import complete, load, merged

MUTATIONS = amount(6) * 2  # of each preset
RUNS = amount(1) // 10  # configs that pass, run to their end
PRESETS = {
    "paper": (),
    "demo": ("demo",),
    "laptop": ("laptop", "svhn-npz"),
    "smoke": ("smoke", "svhn-npz"),
    "confirmation": ("laptop", "svhn-npz", "confirmation"),
    "precision": ("laptop", "svhn-npz", "confirmation", "precision"),
    "core": ("core", "svhn-npz"),
}
# What people and YAML put in the place of a value.
VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 10, 32, 64, 100, 1000.0, 0.001, "1e-3", "no", "null", "true", "~", 2.5, -0.0,
    float("nan"), float("inf"), 10**9, 10**30, "", "a", "../x", "a/b", "a;b", "a b", "'", '"', "é", "$(touch pwned)",
    "{x}", "..", ".", "-", "--help", "\n", "\t", "x" * 300, "init", "all", "none", "train[0:10]", "train[5:2]",
    "test[0:999999]", "train[0:10", "0:10", "cka-biased", "torchvision:resnet18", "file.py:f", [], [0], [1, 1], [0, 9],
    [-1], [0.5], [True], ["a"], [None], [[]], [1, 2, 3, 1_000_000], {}, {"a": 1}, {"random": [0]},
]  # fmt: skip
KEYS = ["x", "../y", "epocs", "seed", "a;b", 3, None, "é", "init", "pretrained"]
HYPOTHESIS = settings(
    max_examples=MUTATIONS, deadline=None, derandomize=True, database=None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip


def places(node, before=()):
    """All places in a config, as keys and numbers from its root."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield (*before, key)
        yield from places(value, (*before, key))


@st.composite
def mutations(draw, config):
    """Draw a config with one to three faults: a value, a missing or an unknown key, or two values that are swapped."""
    changed = copy.deepcopy(config)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        *above, key = draw(st.sampled_from(list(places(changed))))
        node = reduce(lambda found, one: found[one], above, changed)
        fault = draw(st.sampled_from(["value"] * 6 + ["missing", "unknown", "swapped"]))
        others = [one for one in node if one != key] if isinstance(node, dict) else []
        if fault == "missing":
            del node[key]
        elif fault == "unknown" and isinstance(node, dict):
            node[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(VALUES))
        elif fault == "swapped" and others:
            other = draw(st.sampled_from(others))
            node[key], node[other] = node[other], node[key]
        else:
            node[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return changed


def plan(config):
    """Do with a config all that the Snakefile does before its first job."""
    planned = Plan(check(complete(copy.deepcopy(config))))
    for figure in planned.figures.values():
        if figure.rows:
            specs.table(figure)
    for name in planned.runs:
        for seed in planned.study.seeds:
            specs.train(planned, name, seed)
    for name in planned.tasks:
        specs.task(planned, name, planned.study.seeds[0])
    specs.report(planned)


def refusal(config):
    """Give the message with which a config is refused, or nothing. Any other error is the test's."""
    try:
        plan(config)
    except UserError as error:
        return str(error)
    return None


@pytest.fixture
def with_images(real_images, monkeypatch):
    """The folder that has `data`, for presets whose images lie there."""
    monkeypatch.chdir(real_images.parent)


@pytest.mark.parametrize("name", PRESETS)
def test_a_mutated_preset_is_refused_in_one_line_or_planned(name, with_images, load_config):
    config, counts = load_config(*PRESETS[name]), {"refused": 0, "planned": 0}
    assert refusal(config) is None

    @HYPOTHESIS
    @given(mutations(config))
    def try_it(mutated):
        said = refusal(mutated)
        counts["planned" if said is None else "refused"] += 1
        assert said is None or ("\n" not in said and 10 < len(said) < 2000)

    try_it()
    assert counts["refused"] > 0
    print(f"{name}: {counts}")


@pytest.mark.skipif(not ASKED, reason="takes minutes a config: make faults")
def test_what_the_check_lets_through_runs_to_its_end(tmp_path):
    """Mutations of the tiny study. What they give must work, and write into results/ alone."""
    config, done = load([REPOSITORY / "config.yaml"]), []
    config = merged(config, yaml.safe_load(COMPLETE))

    @HYPOTHESIS.__class__(HYPOTHESIS, max_examples=1000)
    @given(mutations(config))
    def try_it(mutated):
        if len(done) < RUNS and mutated != config and refusal(mutated) is None and small(mutated):
            study = Checkout(tmp_path / str(len(done)), new=False)
            study.folder.mkdir()
            study.put_files()
            (study.folder / "mutated.yaml").write_text(yaml.safe_dump(mutated))
            before = {path for path in study.folder.rglob("*") if "results" not in path.parts}
            study.snakemake("--cores", "2", "--configfile", "mutated.yaml")
            after = {path for path in study.folder.rglob("*") if "results" not in path.parts}
            new = [path for path in after - before if not {".snakemake", "__pycache__"} & set(path.parts)]
            assert new == []
            done.append(mutated)

    try_it()
    assert len(done) == RUNS
    print(f"{RUNS} studies run to their end")


def small(config):
    """Tell whether a study is over in minutes: no number of images, seeds or training steps has become a large one."""
    whole = complete(config)  # with what is missing in it
    numbers = [int(each) for each in re.findall(r"\d+", yaml.safe_dump(whole))]
    steps = [run.steps for run in Plan(check(whole)).runs.values()]
    return whole["study"] == "tiny" and max(numbers) <= 20_000 and max(steps) <= 1000
