"""A profile says of each rule that asks for a GPU how its jobs share one. Snakemake ignores rules that do not exist."""

import re

import pytest
import yaml
from tests.conftest import REPOSITORY

RULES = [*REPOSITORY.glob("workflow/rules/*.smk"), *REPOSITORY.glob("workflow/repdrift/experiments/*/rules.smk")]
HEADING = re.compile(r"^(?:use rule (?P<base>\w+) as|rule) (?P<name>\w+)(?: with)?:\n", re.MULTILINE)


def rules():
    """Give the text of each rule by name, with the texts of the rules that it inherits from."""
    found = {}
    for path in RULES:
        text = path.read_text()
        headings = list(HEADING.finditer(text))
        for number, heading in enumerate(headings):
            end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
            found[heading["name"]] = (heading["base"], text[heading.end() : end])
    return {name: "".join(inherited(found, name)) for name in found}


def inherited(found, name):
    base, text = found[name]
    yield text
    if base:
        yield from inherited(found, base)


def profile(name):
    return yaml.safe_load((REPOSITORY / "profiles" / name / "config.yaml").read_text())


@pytest.mark.parametrize("name", ["gpu", "slurm"])
def test_every_rule_that_a_profile_names_exists(name):
    named = {*profile(name)["set-resources"], *profile(name).get("groups", {})}
    assert named
    assert named <= set(rules())


@pytest.mark.parametrize("name", ["gpu", "slurm"])
def test_a_profile_names_every_rule_that_asks_for_a_gpu(name):
    asking = {rule for rule, text in rules().items() if "gpu=" in text}
    assert {"pretrain", "finetune_path", "activations"} < asking
    assert asking <= set(profile(name)["set-resources"])


def test_every_group_of_a_profile_has_a_size():
    slurm = profile("slurm")
    assert set(slurm["groups"].values()) <= set(slurm["group-components"])
