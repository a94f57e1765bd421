# From raw images to the paper's figures:
#
#   data set -> task (labels) -> pretrain -> finetune -> activations -> similarity -> table -> figure
#
# config.yaml is the paper; presets/*.yaml change it; `snakemake fig3 --configfile presets/laptop.yaml` makes one figure.


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/verdicts.smk"
include: "workflow/rules/figures.smk"


for name in PLAN.experiments:

    include: f"workflow/rules/{name}.smk"


localrules:
    all,
    dataset,
    task,
    judge,
    judge_under_choices,
    table,
    figure,
    report,
    verdicts,


rule all:
    default_target: True
    input:
        expand(
            f"{PLAN.folder}/figures/{{figure}}.{{format}}",
            figure=FIGURES,
            format=FORMATS,
        ),
        f"{PLAN.folder}/report.html",


# A target of its own for each figure: fig1 (similarity during training), fig2 (training curves), fig3 (from scratch),
# fig4 (fine-tuning), fig5 (pre-trained or initial?), controls (what the paper lacks), layers (every layer with every
# layer), sensitivity (what other choices of measurement would have given), claims (the verdict on each), multiverse (the
# verdicts under all choices). `report` is a page with all of them. One that is named as its experiment comes with that.
for name in [figure for figure in FIGURES if figure not in PLAN.experiments]:

    rule:
        name:
            name
        input:
            expand(f"{PLAN.folder}/figures/{name}.{{format}}", format=FORMATS),
        localrule: True


# And one for all figures of an experiment: transfer, transferability, head2toe.
for name, experiment in PLAN.experiments.items():

    rule:
        name:
            name
        input:
            expand(
                f"{PLAN.folder}/figures/{{figure}}.{{format}}",
                figure=experiment.titles,
                format=FORMATS,
            ),
        localrule: True
