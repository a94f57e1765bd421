# Data sets and tasks.


# Data sets come first of all: what is wrong with them shows before any training has run.
# Later jobs depend on the checksum and not on the images, because Snakemake compares large files by their times only.
rule dataset:
    input:
        files=lambda w: STUDY.raw_files(w.store, w.split),
    output:
        images="results/datasets/{store}/{split}.safetensors",
        checksum="results/datasets/{store}/{split}.sha256",
    log:
        "results/logs/datasets/{store}/{split}.log",
    priority: 30
    localrule: True
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=int(1500 + 500 * (STUDY.side / 32) ** 2),
        runtime=growing(30),
    params:
        spec=lambda w: canonical(specs.dataset(PLAN, w.store, w.split)),
        code=lambda w: code_of("dataset", specs.dataset(PLAN, w.store, w.split)),
        contents=lambda w: contents(STUDY.raw_files(w.store, w.split)),
        # The folder of the raw images differs between machines. Snakemake does not track a function of the resources.
        folder=lambda w, resources: STUDY.config.data,
    shell:
        program("dataset", "", "--folder {params.folder:q}", "{output.images:q}")


# Tasks are short and trainings wait for them, so they run first.
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
        program("task", "images")


onerror:
    if not DISPLAYED:
        print_failures([f"{STUDY.folder}/logs", "results/logs/datasets"], STARTED)
