# The verdicts on the claims of the paper, and of others.


rule judge:
    input:
        similarities=lambda w: PLAN.similarities() if w.claims == PAPER else [],
        curves=lambda w: list(PLAN.rows("curve", [])) if w.claims == PAPER else [],
        histories=lambda w: list(PLAN.rows("history", history_runs(CLAIMS[w.claims]))),
        tables=lambda w: map(PLAN.table, PLAN.claim_tables(w.claims)),
    output:
        verdicts=f"{PLAN.folder}/verdicts/{{claims}}.csv",
        contrasts=PLAN.table("{claims}"),
    log:
        f"{PLAN.folder}/logs/verdicts/{{claims}}.log",
    wildcard_constraints:
        claims=one_of(CLAIMS),
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: spec(specs.claims, w.claims),
        code=fingerprint("judge"),
    shell:
        "python -m repdrift.stages judge --spec {params.spec:q} --code {params.code} "
        "--similarities {input.similarities:q} --curves {input.curves:q} --histories {input.histories:q} "
        "--tables {input.tables:q} --verdicts {output.verdicts:q} --output {output.contrasts:q} > {log:q} 2>&1"


# Of all papers.
rule verdicts:
    input:
        [f"{PLAN.folder}/verdicts/{name}.csv" for name in CLAIMS],
    output:
        f"{PLAN.folder}/claims.csv",
    log:
        f"{PLAN.folder}/logs/claims.log",
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=canonical({"panels": [], "columns": [{} for _ in CLAIMS]}),
        code=fingerprint("table"),
    shell:
        "python -m repdrift.stages table --spec {params.spec:q} --code {params.code} "
        "--rows {input:q} --output {output:q} > {log:q} 2>&1"


rule judge_under_choices:
    input:
        similarities=PLAN.similarities(),
        curves=list(PLAN.rows("curve", [])),
        histories=list(PLAN.rows("history", history_runs(CLAIMS[PAPER]))),
        choices=list(PLAN.rows("sensitivity", PLAN.choice_runs)),
    output:
        f"{PLAN.folder}/tables/multiverse.csv",
    log:
        f"{PLAN.folder}/logs/multiverse.log",
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=2000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: spec(specs.multiverse),
        code=fingerprint("judge_under_choices"),
    shell:
        "python -m repdrift.stages judge_under_choices --spec {params.spec:q} --code {params.code} "
        "--similarities {input.similarities:q} --curves {input.curves:q} --histories {input.histories:q} "
        "--choices {input.choices:q} --output {output:q} > {log:q} 2>&1"


# Named as its target is.
rule report:
    input:
        verdicts=f"{PLAN.folder}/claims.csv",
        multiverse=f"{PLAN.folder}/tables/multiverse.csv",
        figures=expand(f"{PLAN.folder}/figures/{{figure}}.svg", figure=FIGURES),
        template=str(LIBRARY / "report" / "page.html"),
    output:
        f"{PLAN.folder}/report.html",
    log:
        f"{PLAN.folder}/logs/report.log",
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: spec(specs.page, FIGURES.values()),
        code=fingerprint("report"),
    shell:
        "python -m repdrift.stages report --spec {params.spec:q} --code {params.code} "
        "--verdicts {input.verdicts:q} --multiverse {input.multiverse:q} --figures {input.figures:q} "
        "--template {input.template:q} --output {output:q} > {log:q} 2>&1"
