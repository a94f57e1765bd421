# How transferable are the parameters? (Chen et al. 2022): distances of weights, and of domains.

TRANSFERABILITY = PLAN.experiments["transferability"]


# All networks of a seed in one job: each takes milliseconds.
rule transferability_of_networks:
    input:
        networks=lambda w: TRANSFERABILITY.networks(w.seed),
        tasks=lambda w: TRANSFERABILITY.tasks(w.seed),
        images=ancient(TRANSFERABILITY.images()),
        checksums=checksums(TRANSFERABILITY.images()),
    output:
        TRANSFERABILITY.file("{seed}"),
    log:
        f"{PLAN.folder}/logs/transferability/seed{{seed}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 2500 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: canonical(TRANSFERABILITY.spec(int(w.seed))),
        code=fingerprint("stages.transferability"),
    shell:
        "python -m repdrift.stages.transferability --spec {params.spec:q} --code {params.code} "
        "--networks {input.networks:q} --tasks {input.tasks:q} --images {input.images:q} "
        "--output {output:q} > {log:q} 2>&1"


rule transferability_regression:
    input:
        [TRANSFERABILITY.file(seed) for seed in PLAN.seeds],
    output:
        TRANSFERABILITY.regression,
    log:
        f"{PLAN.folder}/logs/transferability/regression.log",
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=canonical({"seeds": PLAN.seeds}),
        code=fingerprint("stages.transferability_regression"),
    shell:
        "python -m repdrift.stages.transferability_regression --spec {params.spec:q} --code {params.code} "
        "--tables {input:q} --output {output:q} > {log:q} 2>&1"
