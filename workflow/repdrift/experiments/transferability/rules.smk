# How transferable are the parameters? (Chen et al. 2022): distances between weights, and distances between domains.

TRANSFERABILITY = PLAN.experiments["transferability"]


# One job measures all networks of a target and seed, because each of them takes only milliseconds.
rule transferability_of_networks:
    input:
        unpack(lambda w: with_images(TRANSFERABILITY.images(w.dataset))),
        networks=lambda w: TRANSFERABILITY.networks(w.dataset, w.seed),
        tasks=lambda w: TRANSFERABILITY.task_files(w.dataset, w.seed),
    output:
        TRANSFERABILITY.file("{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transferability/{{dataset}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=growing_memory(2500),
        runtime=growing_time(10),
    params:
        spec=lambda w: canonical(TRANSFERABILITY.networks_spec(w.dataset, int(w.seed))),
        code=fingerprint("transferability_of_networks"),
    shell:
        program("transferability_of_networks", "networks tasks images")


rule transferability_regression:
    input:
        tables=list(TRANSFERABILITY.files),
    output:
        TRANSFERABILITY.regression,
    log:
        f"{STUDY.folder}/logs/transferability/regression.log",
    localrule: True
    conda:
        f"{ROOT}/envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=canonical(TRANSFERABILITY.regression_spec()),
        code=fingerprint("transferability_regression"),
    shell:
        program("transferability_regression", "tables", grows=True)
