# Raw images to tasks.


# The checksum is what makes later jobs run again: of a file as large as the images Snakemake would compare the time alone.
rule dataset:
    input:
        files=lambda w: STUDY.raw_files(w.store, w.split),
    output:
        images="results/datasets/{store}/{split}.safetensors",
        checksum="results/datasets/{store}/{split}.sha256",
    log:
        "results/logs/datasets/{store}/{split}.log",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=growing(30),
    params:
        spec=lambda w: canonical(specs.dataset(PLAN, w.store, w.split)),
        code=fingerprint("dataset"),
        # A function of the resources is not tracked: where the raw images lie differs between machines.
        folder=lambda w, resources: STUDY.config.data,
    shell:
        program("dataset", "--folder {params.folder:q}")


# Trainings wait for tasks, which are short: they go first.
rule task:
    input:
        unpack(lambda w: with_images(PLAN.task_images(w.task))),
    output:
        STUDY.labels("{task}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/tasks/{{task}}/seed{{seed}}.log",
    priority: 20
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=500,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(specs.task(PLAN, w.task, int(w.seed))),
        code=fingerprint("task"),
    shell:
        program("task", "--images {input.images:q}")
