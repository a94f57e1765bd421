# How transferable are the parameters? (Chen et al. 2022): distances of weights, and of domains.

TRANSFERABILITY = PLAN.experiments["transferability"]


# All networks of a target and seed in one job: each takes milliseconds.
rule transferability_of_networks:
    input:
        networks=lambda w: TRANSFERABILITY.networks(w.dataset, w.seed),
        tasks=lambda w: TRANSFERABILITY.task_files(w.dataset, w.seed),
        images=lambda w: ancient(TRANSFERABILITY.images(w.dataset)),
        checksums=lambda w: checksums(TRANSFERABILITY.images(w.dataset)),
    output:
        TRANSFERABILITY.file("{dataset}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/transferability/{{dataset}}/seed{{seed}}.log",
    wildcard_constraints:
        dataset=one_of(TRANSFERABILITY.datasets),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 2500 * attempt,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: canonical(TRANSFERABILITY.spec(w.dataset, int(w.seed))),
        code=fingerprint("transferability_of_networks"),
    shell:
        "python -m repdrift.stages transferability_of_networks --spec {params.spec:q} --code {params.code} "
        "--networks {input.networks:q} --tasks {input.tasks:q} --images {input.images:q} "
        "--output {output:q} > {log:q} 2>&1"


rule transferability_regression:
    input:
        list(TRANSFERABILITY.files),
    output:
        TRANSFERABILITY.regression,
    log:
        f"{PLAN.folder}/logs/transferability/regression.log",
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=canonical({"images": list(TRANSFERABILITY.files.values())}),
        code=fingerprint("transferability_regression"),
    shell:
        "python -m repdrift.stages transferability_regression --spec {params.spec:q} --code {params.code} "
        "--tables {input:q} --output {output:q} > {log:q} 2>&1"
