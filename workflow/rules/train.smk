# Initial weights, pre-training, fine-tuning.

from repdrift.machine.stopping import forget_progress, stop_trainings_on_sigterm


# Not before: Snakemake sets its own handler when it is about to start.
onstart:
    stop_trainings_on_sigterm()


onsuccess:
    forget_progress(STUDY.folder)


rule initialise:
    output:
        STUDY.model(("{init}", "init"), "{seed}"),
    log:
        f"{STUDY.folder}/logs/models/{{init}}/seed{{seed}}.log",
    wildcard_constraints:
        init=one_of(STUDY.initial_weights),
    priority: 20
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=1500,
        runtime=growing(3),
    params:
        spec=lambda w: canonical(specs.initialise(PLAN, w.init, int(w.seed))),
        code=fingerprint("initialise"),
    shell:
        program("initialise", "")


def inputs_of_training(w):
    """Weights to start from, labels and images."""
    task = PLAN.runs[w.run].task.name
    parent, labels = PLAN.parent(w.run, w.seed), STUDY.labels(task, w.seed)
    return with_images(PLAN.task_images(task), parent=parent, task=labels)


def group_of_training(w):
    """Trainings of one length share a job of a scheduler, if its profile says how many."""
    return PLAN.group(w.run) if workflow.group_settings.group_components else None


# Trainings take one thread each and run side by side, so the results do not depend on the number of cores. Jobs that
# share a GPU at the same time train in one process, at most `pack` of them: profiles/gpu sets it.
rule pretrain:
    input:
        unpack(inputs_of_training),
    output:
        final=STUDY.model(("{run}", "final"), "{seed}"),
        history=STUDY.history("{run}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/models/{{run}}/seed{{seed}}.log",
    wildcard_constraints:
        run=one_of(PLAN.scratch_runs),
    group:
        group_of_training
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        pack=1,
        mem_mb=growing(2500),
        runtime=lambda w, attempt: PLAN.minutes(w.run) * attempt,
    params:
        spec=lambda w: canonical(specs.train(PLAN, w.run, int(w.seed))),
        code=fingerprint("train"),
    shell:
        program(
            "train",
            "--gpus {resources.gpu} --pack {resources.pack} --parent {input.parent:q} --task {input.task:q} --images {input.images:q}",
        )


# The run that is fine-tuned keeps its weights at every epoch that figure 1 draws. Everything waits for it.
use rule pretrain as pretrain_source with:
    output:
        final=STUDY.model(("{run}", "final"), "{seed}"),
        history=STUDY.history("{run}", "{seed}"),
        checkpoints=[
            STUDY.model(("{run}", f"epoch{epoch}"), "{seed}")
            for epoch in STUDY.checkpoint_epochs
        ],
    wildcard_constraints:
        run=one_of([STUDY.pretrained]),
    priority: 10


use rule pretrain as finetune with:
    wildcard_constraints:
        run=one_of(PLAN.target_runs),
    priority: 5


# Some experiments look at the way that a training took: these runs keep their weights at some epochs too.
use rule finetune as finetune_path with:
    output:
        final=STUDY.model(("{run}", "final"), "{seed}"),
        history=STUDY.history("{run}", "{seed}"),
        checkpoints=[
            STUDY.model(("{run}", f"epoch{epoch}"), "{seed}")
            for epoch in PLAN.path_epochs
        ],
    wildcard_constraints:
        run=one_of(PLAN.path_runs),
