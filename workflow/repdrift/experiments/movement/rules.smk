# Networks whose weights have moved from the start of their trainings: how much their representations change.

MOVEMENT = PLAN.experiments["movement"]


rule movement_of_networks:
    input:
        unpack(lambda w: with_images(PLAN.probe_images(w.role))),
        networks=lambda w: MOVEMENT.network_files(w.role, w.seed),
    output:
        MOVEMENT.file("{role}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/movement/{{role}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2500),
        runtime=growing_time(20),
    params:
        spec=lambda w: canonical(MOVEMENT.spec(w.role, int(w.seed))),
        code=lambda w: code_of("movement_of_networks", MOVEMENT.spec(w.role, int(w.seed))),
        gpus=granted_gpus,
    shell:
        program("movement_of_networks", "networks images", ON_GPU)
