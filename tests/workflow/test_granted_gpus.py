"""The number of GPUs that each job is told of is the number that its rule asks for, by either resource."""

import re

import pytest
from tests.workflow.tiny import EVERYTHING

# The rules whose programs can use a GPU.
USERS = {
    "pretrain", "pretrain_source", "finetune", "finetune_path", "activations", "curve", "sensitivity_of_runs",
    "transfer_similarity_of_pairs", "transfer_barrier_of_pairs", "transfer_criticality_of_parts",
    "transfer_rates_of_starts", "head2toe_features", "head2toe_probes", "head2toe_tuning",
    "movement_of_networks", "decodability_of_networks", "grounding_of_pairs",
}  # fmt: skip
FLAGS = ("--forceall", "--dry-run", "--printshellcmds", "--nocolor")


def told(study, *arguments):
    """Return the numbers of GPUs that the jobs of each rule are told of, if they are told any."""
    output = study.snakemake(*EVERYTHING, *FLAGS, *arguments).output
    found = {}
    for job in re.split(r"^(?:local)?rule (?=\w+:$)", output, flags=re.MULTILINE)[1:]:
        counts = re.findall(r"--gpus (\S*)", job)
        if counts:
            found.setdefault(job.partition(":")[0], set()).update(counts)
    return found


@pytest.mark.parametrize("granted", ["0", "1"])
def test_rules_that_use_a_gpu_say_how_many_and_no_others(complete_study, granted):
    assert told(complete_study, "--resources", f"gpu={granted}") == {rule: {granted} for rule in USERS}


def test_a_gpu_by_another_name_is_counted(complete_study):
    found = told(complete_study, "--set-resources", "activations:gpu=0", "activations:gres='gpu:1'")
    assert found["activations"] == {"1"}
    assert found["curve"] == {"0"}
