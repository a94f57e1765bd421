# What is being transferred? (Neyshabur et al. 2020): networks trained on one target, compared.

TRANSFER = PLAN.experiments["transfer"]

# The program that makes each table.
TRANSFER_PROGRAMS = {
    "similarity": "transfer_similarity_of_pairs",
    "barrier": "transfer_barrier_of_pairs",
    "criticality": "transfer_criticality_of_parts",
}


rule transfer_table:
    input:
        networks=lambda w: TRANSFER.checkpoints_of(w.table, w.dataset, w.seed),
        task=lambda w: PLAN.labels(TRANSFER.task(w.dataset).name, w.seed),
        images=lambda w: ancient(PLAN.task_images(TRANSFER.task(w.dataset).name)),
        checksums=lambda w: checksums(PLAN.task_images(TRANSFER.task(w.dataset).name)),
    output:
        TRANSFER.file("{table}", "{dataset}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/transfer/{{table}}/{{dataset}}/seed{{seed}}.log",
    wildcard_constraints:
        table=one_of(TRANSFER_PROGRAMS),
        dataset=one_of(TRANSFER.targets),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 2500 * attempt,
        runtime=lambda w, attempt: 20 * attempt,
    params:
        spec=lambda w: canonical(TRANSFER.spec(w.table, w.dataset, int(w.seed))),
        program=lambda w: TRANSFER_PROGRAMS[w.table],
        code=lambda w: fingerprint(TRANSFER_PROGRAMS[w.table]),
    shell:
        "python -m repdrift.stages {params.program} --spec {params.spec:q} --code {params.code} "
        "--gpus {resources.gpu} --networks {input.networks:q} --task {input.task:q} --images {input.images:q} "
        "--output {output:q} > {log:q} 2>&1"
