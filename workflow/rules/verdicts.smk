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
        pdfs=expand(f"{STUDY.folder}/figures/{{figure}}.pdf", figure=PLAN.figures),
        tables=[STUDY.table(figure) for figure in PLAN.figures],
        histories=PLAN.histories,
        # Like all inputs, they are named relative to the working directory: a study can then be moved with the workflow.
        templates=map(os.path.relpath, templates()),
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
        # The page shows the commands that make its figures. Snakemake does not track a function of the resources, so
        # the same study is not reported again if its config file has another name.
        configfiles=lambda w, resources: list(map(os.path.relpath, workflow.overwrite_configfiles)),
    shell:
        program(
            "report",
            "verdicts multiverse figures pdfs tables histories templates",
            "--configfiles {params.configfiles:q}",
            grows=True,
        )
