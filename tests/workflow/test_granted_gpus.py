"""What each job is told of GPUs: as many as its rule asks for, by either resource."""

import re

import pytest
from repdrift.provenance.dry_run import JOB

CONFIG = ("--configfile", "presets/smoke.yaml")  # it has every rule
USERS = {
    "pretrain", "pretrain_source", "finetune", "finetune_path", "activations", "curve", "sensitivity_of_run",
    "transfer_table", "head2toe_features", "head2toe_probes", "head2toe_tuning",
}  # fmt: skip


def told(checkout, *arguments):
    """For each rule the numbers of GPUs that its jobs are told of; empty if a program is told nothing."""
    output = checkout.snakemake(*CONFIG, "--dry-run", "--printshellcmds", "--nocolor", *arguments).output
    found = {}
    for job in JOB.finditer(output):
        if job["command"]:
            found.setdefault(job["rule"], set()).update(re.findall(r"--gpus (\S*)", job["command"]) or [""])
    return found


@pytest.mark.parametrize("granted", ["0", "1"])
def test_rules_that_use_a_gpu_say_how_many_and_no_others(checkout, granted):
    found = told(checkout, "--resources", f"gpu={granted}")
    assert {rule: numbers for rule, numbers in found.items() if numbers != {""}} == {rule: {granted} for rule in USERS}


def test_a_gpu_by_another_name_is_counted(checkout):
    asked = ["activations:gpu=0", "activations:gres='gpu:1'"]
    found = told(checkout, "--set-resources", *asked)
    assert found["activations"] == {"1"}
    assert found["curve"] == {"0"}
