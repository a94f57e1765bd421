"""A profile says of each rule that asks for a GPU how its jobs share one. Snakemake ignores rules that do not exist."""

import pytest
import yaml
from tests.checkout import REPOSITORY
from tests.unit.rules import rules


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
