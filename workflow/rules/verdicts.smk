# The verdicts on the claims of all papers, and the report.


rule judge:
    input:
        similarities=lambda w: PLAN.claim_similarities(w.claims),
        halves=lambda w: PLAN.claim_halves(w.claims),
        curves=lambda w: PLAN.claim_curves(w.claims),
        histories=lambda w: PLAN.claim_histories(w.claims),
        tables=lambda w: map(STUDY.table, PLAN.claim_tables(w.claims)),
    output:
        contrasts=STUDY.table("{claims}"),
        verdicts=f"{STUDY.folder}/verdicts/{{claims}}.csv",
    log:
        f"{STUDY.folder}/logs/verdicts/{{claims}}.log",
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
            "similarities halves curves histories tables",
            "--verdicts {output.verdicts:q}",
            "{output.contrasts:q}",
            grows=True,
        )


rule verdicts:
    input:
        rows=[f"{STUDY.folder}/verdicts/{name}.csv" for name in PLAN.claims],
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
        program("table", "rows")


rule report:
    input:
        verdicts=f"{STUDY.folder}/claims.csv",
        multiverse=f"{STUDY.folder}/tables/multiverse.csv",
        figures=expand(f"{STUDY.folder}/figures/{{figure}}.svg", figure=PLAN.figures),
        # Like all inputs, it is named relative to the working directory: a study can then be moved with the workflow.
        template=os.path.relpath(WORKFLOW / "report" / "page.html"),
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
        program("report", "verdicts multiverse figures template", grows=True)
