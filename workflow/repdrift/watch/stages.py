"""The stages of a study in the order in which data pass through them, and the stage of each rule."""

OTHER = "other measurements"  # the stage of rules that are not listed, which are those of the experiments
STAGES = {
    "data and labels": ("dataset", "task", "initialise", "weights"),
    "pre-training": ("pretrain", "pretrain_source"),
    "fine-tuning": ("finetune", "finetune_path"),
    "representations": ("activations",),
    "similarity": ("similarity", "curve", "layers_of_networks", "sensitivity_of_runs"),
    OTHER: (),
    "tables and verdicts": (
        "table",
        "judge",
        "verdicts",
        "compare_with_published",
        "judge_under_choices",
        "grounding_precision",
        "head2toe_affinity_of_targets",
        "transferability_regression",
    ),
    "figures and report": ("figure", "report"),
}


def stage_of(rule: str) -> str:
    """Return the stage of a rule, which has a prefix if another workflow has imported it under one."""
    for stage, rules in STAGES.items():
        if any(rule == each or rule.endswith(f"_{each}") for each in rules):
            return stage
    return OTHER
