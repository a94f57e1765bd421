# Tables and figures.


rule table:
    input:
        rows=lambda w: list(PLAN.figures[w.figure].rows),
    output:
        STUDY.table("{figure}"),
    log:
        f"{STUDY.folder}/logs/tables/{{figure}}.log",
    wildcard_constraints:
        figure=one_of([name for name, figure in PLAN.figures.items() if figure.rows]),
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(specs.table(PLAN.figures[w.figure])),
        code=fingerprint("table"),
    shell:
        program("table", "rows", grows=True)


rule figure:
    input:
        table=STUDY.table("{figure}"),
    output:
        svg=report(
            f"{STUDY.folder}/figures/{{figure}}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels=lambda w: {"figure": PLAN.figures[w.figure].title},
        ),
        pdf=f"{STUDY.folder}/figures/{{figure}}.pdf",
        png=f"{STUDY.folder}/figures/{{figure}}.png",
    log:
        f"{STUDY.folder}/logs/figures/{{figure}}.log",
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(specs.figure(PLAN, w.figure)),
        code=lambda w: code_of("figure", specs.figure(PLAN, w.figure)),
        # Snakemake's own report shows title and caption. Snakemake does not track a function of the resources, so a new
        # caption does not redraw the figure.
        title=lambda w, resources: as_rst(PLAN.figures[w.figure].title),
        caption=lambda w, resources: as_rst(PLAN.figures[w.figure].caption),
    shell:
        program("figure", "table", output="{output.svg:q}")
