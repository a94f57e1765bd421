# Initial weights, pre-training, fine-tuning.

from repdrift.machine.stopping import forget_progress, stop_trainings_on_sigterm


# Not before: Snakemake sets its own handler when it is about to start.
onstart:
    stop_trainings_on_sigterm()


onsuccess:
    forget_progress(PLAN.folder)


rule initialise:
    output:
        PLAN.model(("{init}", "init"), "{seed}"),
    log:
        f"{PLAN.folder}/logs/models/{{init}}/seed{{seed}}.log",
    wildcard_constraints:
        init=one_of(PLAN.initial_weights),
    priority: 20
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1500,
        runtime=lambda w, attempt: 3 * attempt,
    params:
        spec=lambda w: spec(specs.initialise, w.init, int(w.seed)),
        code=fingerprint("initialise"),
    shell:
        "python -m repdrift.stages initialise --spec {params.spec:q} --code {params.code} "
        "--output {output:q} > {log:q} 2>&1"


rule pretrain:
    input:
        parent=lambda w: PLAN.model(PLAN.runs[w.run].parent, w.seed),
        images=lambda w: ancient(PLAN.task_images(PLAN.runs[w.run].task.name)),
        checksums=lambda w: checksums(PLAN.task_images(PLAN.runs[w.run].task.name)),
        task=lambda w: PLAN.labels(PLAN.runs[w.run].task.name, w.seed),
    output:
        final=PLAN.model(("{run}", "final"), "{seed}"),
        history=PLAN.history("{run}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/models/{{run}}/seed{{seed}}.log",
    wildcard_constraints:
        run=one_of(PLAN.scratch_runs),
    group:
        group_of_training
    conda:
        "../../envs/torch.yaml"
    # One thread a job, jobs side by side: the results then do not depend on the number of cores.
    threads: 1
    resources:
        gpu=1,
        # Jobs that run at the same time and share a GPU train in one process, at most so many; profiles/gpu sets it.
        pack=1,
        mem_mb=lambda w, attempt: 2500 * attempt,
        runtime=lambda w, attempt: PLAN.minutes(w.run) * attempt,
    params:
        spec=lambda w: spec(specs.train, w.run, int(w.seed)),
        code=fingerprint("train"),
    shell:
        "python -m repdrift.stages train --spec {params.spec:q} --code {params.code} --gpus {resources.gpu} "
        "--pack {resources.pack} --parent {input.parent:q} --task {input.task:q} --images {input.images:q} "
        "--output {output.final:q} > {log:q} 2>&1"


# The run that is fine-tuned keeps its weights at every epoch that figure 1 draws.
use rule pretrain as pretrain_source with:
    output:
        final=PLAN.model(("{run}", "final"), "{seed}"),
        history=PLAN.history("{run}", "{seed}"),
        checkpoints=[
            PLAN.model(("{run}", f"epoch{epoch}"), "{seed}")
            for epoch in PLAN.checkpoint_epochs
        ],
    wildcard_constraints:
        run=one_of([PLAN.pretrained]),
    # Everything waits for it.
    priority: 10


use rule pretrain as finetune with:
    wildcard_constraints:
        run=one_of(PLAN.target_runs),
    priority: 5


# Those between whose weights an experiment moves about keep them at some epochs too.
use rule finetune as finetune_path with:
    output:
        final=PLAN.model(("{run}", "final"), "{seed}"),
        history=PLAN.history("{run}", "{seed}"),
        checkpoints=[
            PLAN.model(("{run}", f"epoch{epoch}"), "{seed}")
            for epoch in PLAN.path_epochs
        ],
    wildcard_constraints:
        run=one_of(PLAN.path_runs),
