# The verdicts on the claims of all papers, and the report.


rule judge:
    input:
        similarities=lambda w: PLAN.claim_similarities(w.claims),
        curves=lambda w: PLAN.claim_curves(w.claims),
        histories=lambda w: PLAN.claim_histories(w.claims),
        tables=lambda w: map(STUDY.table, PLAN.claim_tables(w.claims)),
    output:
        contrasts=STUDY.table("{claims}"),
        verdicts=f"{STUDY.folder}/verdicts/{{claims}}.csv",
    log:
        f"{STUDY.folder}/logs/verdicts/{{claims}}.log",
    wildcard_constraints:
        claims=one_of(PLAN.claims),
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(specs.judge(PLAN, w.claims)),
        code=fingerprint("judge"),
    shell:
        program(
            "judge",
            "--similarities {input.similarities:q} --curves {input.curves:q} --histories {input.histories:q} --tables {input.tables:q} --verdicts {output.verdicts:q}",
        )


rule verdicts:
    input:
        [f"{STUDY.folder}/verdicts/{name}.csv" for name in PLAN.claims],
    output:
        f"{STUDY.folder}/claims.csv",
    log:
        f"{STUDY.folder}/logs/claims.log",
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=canonical({"panels": [], "columns": [{} for _ in PLAN.claims]}),
        code=fingerprint("table"),
    shell:
        program("table", "--rows {input:q}")


rule report:
    input:
        verdicts=f"{STUDY.folder}/claims.csv",
        multiverse=f"{STUDY.folder}/tables/multiverse.csv",
        figures=expand(f"{STUDY.folder}/figures/{{figure}}.svg", figure=PLAN.figures),
        template=str(LIBRARY / "report" / "page.html"),
    output:
        f"{STUDY.folder}/report.html",
    log:
        f"{STUDY.folder}/logs/report.log",
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(specs.report(PLAN)),
        code=fingerprint("report"),
    shell:
        program(
            "report",
            "--verdicts {input.verdicts:q} --multiverse {input.multiverse:q} --figures {input.figures:q} --template {input.template:q}",
        )
