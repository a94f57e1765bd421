# Raw images to tasks.


# The checksum is what makes later jobs run again: of a file as large as the images Snakemake would compare the time alone.
rule dataset:
    input:
        files=lambda w: PLAN.raw_files(w.store, w.split),
    output:
        images="results/datasets/{store}/{split}.safetensors",
        checksum="results/datasets/{store}/{split}.sha256",
    log:
        "results/logs/datasets/{store}/{split}.log",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=lambda w, attempt: 30 * attempt,
    params:
        spec=lambda w: spec(specs.dataset, w.store, w.split),
        code=fingerprint("dataset"),
        # A function of the resources is not tracked: where the raw images lie differs between machines.
        folder=lambda w, resources: config["data"],
    shell:
        "python -m repdrift.stages dataset --spec {params.spec:q} --code {params.code} "
        "--folder {params.folder:q} --output {output.images:q} > {log:q} 2>&1"


rule task:
    input:
        images=lambda w: ancient(PLAN.task_images(w.task)),
        checksums=lambda w: checksums(PLAN.task_images(w.task)),
    output:
        PLAN.labels("{task}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/tasks/{{task}}/seed{{seed}}.log",
    # Short, and trainings wait for it: before them.
    priority: 20
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=500,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=lambda w: spec(specs.task, w.task, int(w.seed)),
        code=fingerprint("task"),
    shell:
        "python -m repdrift.stages task --spec {params.spec:q} --code {params.code} "
        "--images {input.images:q} --output {output:q} > {log:q} 2>&1"
