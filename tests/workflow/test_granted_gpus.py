"""What each job is told of GPUs: as many as its rule asks for, by either resource."""

import re

import pytest
from tests.workflow.tiny import EVERYTHING

JOB = re.compile(r"^(?:local)?rule (\w+):\n(?:    .*\n)+Shell command: (.*)\n", re.MULTILINE)
USERS = {
    "pretrain", "pretrain_source", "finetune", "finetune_path", "activations", "curve", "sensitivity_of_run",
    "transfer_similarity_of_pairs", "transfer_barrier_of_pairs", "transfer_criticality_of_parts",
    "head2toe_features", "head2toe_probes", "head2toe_tuning",
}  # fmt: skip


def told(study, *arguments):
    """For each rule the numbers of GPUs that its jobs are told of; empty if a program is told nothing."""
    flags = ("--forceall", "--dry-run", "--printshellcmds", "--nocolor")
    found = {}
    for rule, command in JOB.findall(study.snakemake(*EVERYTHING, *flags, *arguments).output):
        found.setdefault(rule, set()).update(re.findall(r"--gpus (\S*)", command) or [""])
    return found


@pytest.mark.parametrize("granted", ["0", "1"])
def test_rules_that_use_a_gpu_say_how_many_and_no_others(complete_study, granted):
    found = told(complete_study, "--resources", f"gpu={granted}")
    assert {rule: numbers for rule, numbers in found.items() if numbers != {""}} == {rule: {granted} for rule in USERS}


def test_a_gpu_by_another_name_is_counted(complete_study):
    asked = ["activations:gpu=0", "activations:gres='gpu:1'"]
    found = told(complete_study, "--set-resources", *asked)
    assert found["activations"] == {"1"}
    assert found["curve"] == {"0"}
