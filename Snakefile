# From raw images to the figures: data set -> task -> pretrain -> finetune -> activations -> similarity -> table -> figure

configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"


rule models:
    input:
        [PLAN.model(run, seed, "final") for run in PLAN.runs for seed in PLAN.seeds],
