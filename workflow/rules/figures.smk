# Tables and figures.


rule table:
    input:
        lambda w: list(PLAN.rows(FIGURES[w.figure].kind, FIGURES[w.figure].runs)),
    output:
        f"{PLAN.folder}/tables/{{figure}}.csv",
    log:
        f"{PLAN.folder}/logs/tables/{{figure}}.log",
    wildcard_constraints:
        figure=one_of([name for name in FIGURES if name not in (*CLAIMS, "multiverse")]),
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: spec(specs.table, FIGURES[w.figure]),
        code=fingerprint("table"),
    shell:
        "python -m repdrift.stages table --spec {params.spec:q} --code {params.code} "
        "--rows {input:q} --output {output:q} > {log:q} 2>&1"


rule figure:
    input:
        f"{PLAN.folder}/tables/{{figure}}.csv",
    output:
        svg=report(
            f"{PLAN.folder}/figures/{{figure}}.svg",
            caption="../report/figure.rst",
            category="Figures",
            labels=lambda w: {"figure": title(PLAN, w.figure)},
        ),
        pdf=f"{PLAN.folder}/figures/{{figure}}.pdf",
        png=f"{PLAN.folder}/figures/{{figure}}.png",
    log:
        f"{PLAN.folder}/logs/figures/{{figure}}.log",
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: spec(specs.figure, FIGURES[w.figure]),
        code=fingerprint("figure"),
        title=lambda w: title(PLAN, w.figure),
        caption=lambda w: caption(PLAN, FIGURES[w.figure]),
    shell:
        "python -m repdrift.stages figure --spec {params.spec:q} --code {params.code} "
        "--table {input:q} --output {output.svg:q} > {log:q} 2>&1"
