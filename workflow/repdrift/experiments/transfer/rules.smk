# What is being transferred? (Neyshabur et al. 2020): comparisons of networks that were trained on the same target.

TRANSFER = PLAN.experiments["transfer"]


rule transfer_similarity_of_pairs:
    input:
        unpack(lambda w: with_images(**TRANSFER.inputs("similarity", w.dataset, w.seed))),
    output:
        TRANSFER.file("similarity", "{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/similarity/{{dataset}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2500),
        runtime=growing_time(20),
    params:
        spec=lambda w: canonical(TRANSFER.pairs_spec(w.dataset, int(w.seed))),
        code=lambda w: code_of("transfer_similarity_of_pairs", TRANSFER.pairs_spec(w.dataset, int(w.seed))),
        # Not the name of the rule, which has a prefix in a workflow that imports this one. Snakemake does not track a
        # function of the resources.
        program=lambda w, resources: "transfer_similarity_of_pairs",
        gpus=granted_gpus,
    shell:
        program("{params.program}", "networks task images", ON_GPU)


use rule transfer_similarity_of_pairs as transfer_barrier_of_pairs with:
    input:
        unpack(lambda w: with_images(**TRANSFER.inputs("barrier", w.dataset, w.seed))),
    output:
        TRANSFER.file("barrier", "{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/barrier/{{dataset}}/seed{{seed}}.log",
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2500),
        runtime=growing_time(40),
    params:
        spec=lambda w: canonical(TRANSFER.lines_spec(w.dataset, int(w.seed))),
        code=fingerprint("transfer_barrier_of_pairs"),
        program=lambda w, resources: "transfer_barrier_of_pairs",
        gpus=granted_gpus,


use rule transfer_similarity_of_pairs as transfer_criticality_of_parts with:
    input:
        unpack(lambda w: with_images(**TRANSFER.inputs("criticality", w.dataset, w.seed))),
    output:
        TRANSFER.file("criticality", "{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/criticality/{{dataset}}/seed{{seed}}.log",
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2500),
        runtime=growing_time(40),
    params:
        spec=lambda w: canonical(TRANSFER.criticality_spec(w.dataset, int(w.seed))),
        code=fingerprint("transfer_criticality_of_parts"),
        program=lambda w, resources: "transfer_criticality_of_parts",
        gpus=granted_gpus,


# The learning rate is tuned on several tasks of a target, so this table is named by its task.
rule transfer_rates_of_starts:
    input:
        unpack(lambda w: with_images(**TRANSFER.rates_inputs(w.task, w.seed))),
    output:
        TRANSFER.file("rates", "{task}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/rates/{{task}}/seed{{seed}}.log",
    wildcard_constraints:
        task=one_of(TRANSFER.tuned),
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2500),
        runtime=growing_time(10),
    params:
        spec=lambda w: canonical(TRANSFER.rates_spec(w.task, int(w.seed))),
        code=fingerprint("transfer_rates_of_starts"),
        gpus=granted_gpus,
    shell:
        program("transfer_rates_of_starts", "networks histories task images", ON_GPU)
