# From raw images to the paper's figures:
#
#   data set -> task (labels) -> pretrain -> finetune -> activations -> similarity -> table -> figure
#
# config.yaml is the paper; presets/*.yaml change it; `snakemake fig3 --configfile presets/laptop.yaml` makes one figure.


configfile: f"{workflow.current_basedir}/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/verdicts.smk"
include: "workflow/rules/figures.smk"


for name in PLAN.experiments:

    include: f"workflow/repdrift/experiments/{name}/rules.smk"


rule all:
    input:
        expand(
            f"{STUDY.folder}/figures/{{figure}}.{{format}}",
            figure=PLAN.figures,
            format=FORMATS,
        ),
        f"{STUDY.folder}/report.html",
    localrule: True


# A target of its own for each figure: fig1 (similarity during training), fig2 (training curves), fig3 (from scratch),
# fig4 (fine-tuning), fig5 (pre-trained or initial?), controls (what the paper lacks), layers (every layer with every
# layer), sensitivity (what other choices of measurement would have given), claims (the verdict on each), multiverse (the
# verdicts under all choices). `report` is a page with all of them. A figure with the name of its experiment comes with
# the target of the experiment.
for name in [figure for figure in PLAN.figures if figure not in PLAN.experiments]:

    rule:
        name:
            name
        input:
            expand(f"{STUDY.folder}/figures/{name}.{{format}}", format=FORMATS),
        localrule: True


# A target for all figures of an experiment: drift (the paper's), transfer, transferability, head2toe.
for name, experiment in PLAN.experiments.items():

    rule:
        name:
            name
        input:
            expand(
                f"{STUDY.folder}/figures/{{figure}}.{{format}}",
                figure=[figure.name for figure in experiment.figures()],
                format=FORMATS,
            ),
        localrule: True
