# Gone, or only rotated? Linear probes of all layers before and after fine-tuning.

DECODABILITY = PLAN.experiments["decodability"]


# One job probes all networks of a target and seed, because it compares their predictions.
rule decodability_of_networks:
    input:
        unpack(lambda w: with_images(DECODABILITY.images(w.dataset))),
        networks=lambda w: DECODABILITY.networks(w.dataset, w.seed),
        tasks=lambda w: DECODABILITY.task_files(w.dataset, w.seed),
    output:
        DECODABILITY.file("{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/decodability/{{dataset}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2000 + DECODABILITY.megabytes),
        runtime=growing_time(40),
    params:
        spec=lambda w: canonical(DECODABILITY.spec(w.dataset, int(w.seed))),
        code=fingerprint("decodability_of_networks"),
        gpus=granted_gpus,
    shell:
        program("decodability_of_networks", "networks tasks images", ON_GPU)
