# This workflow goes from raw images to the figures of the paper:
#
#   data set -> task (labels) -> pretrain -> finetune -> activations -> similarity -> table -> figure
#
# config.yaml describes the study of the paper, and presets/*.yaml change it.
# `snakemake fig3 --configfile presets/laptop.yaml` makes one figure.


configfile: f"{workflow.current_basedir}/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/verdicts.smk"
include: "workflow/rules/figures.smk"


for experiment in PLAN.experiments.values():

    include: experiment.folder / "rules.smk"


rule all:
    input:
        expand(
            f"{STUDY.folder}/figures/{{figure}}.{{format}}",
            figure=PLAN.figures,
            format=FORMATS,
        ),
        f"{STUDY.folder}/report.html",
    localrule: True


# Each figure is a target: fig1 (similarity during training), fig2 (training curves), fig3 (training from scratch), fig4
# (fine-tuning), fig5 (pre-trained or initial?), controls (comparisons that the paper lacks), layers (every layer with
# every layer), sensitivity (other choices of measurement), claims (the verdict on every claim), multiverse (verdicts
# under all choices), and the figures of the other experiments. The target `report` is a page with all figures. The
# figures `head2toe`, `movement`, `decodability`, `grounding`, `networks` and `precision` have the names of their
# experiments, and the target below makes them.
for name in [figure for figure in PLAN.figures if figure not in PLAN.experiments]:

    rule:
        name:
            name
        input:
            expand(f"{STUDY.folder}/figures/{name}.{{format}}", format=FORMATS),
        localrule: True


# Each experiment is a target that makes all its figures: drift (the paper's own figures), transfer, transferability,
# head2toe, movement, decodability, grounding, networks, precision.
for name, experiment in PLAN.experiments.items():

    rule:
        name:
            name
        input:
            expand(
                f"{STUDY.folder}/figures/{{figure}}.{{format}}",
                figure=PLAN.figures_of(experiment),
                format=FORMATS,
            ),
        localrule: True
