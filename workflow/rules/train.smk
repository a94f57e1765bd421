# Initial weights, pre-training and fine-tuning.

from repdrift.machine import launcher
from repdrift.machine.scheduler import take_away_rate_limit
from repdrift.machine.stopping import forget_progress, stop_trainings_when_told
from repdrift.machine.system_errors import check_writable
from repdrift.plan.offer import offered


# Only `onstart` can set the signal handler that stops trainings: Snakemake sets its own handler just before, and would
# replace an earlier one.
onstart:
    check_writable(Path(STUDY.folder))
    stop_trainings_when_told()
    take_away_rate_limit(workflow.scheduler)
    launcher.begin()
    # `repdrift run` has already offered bfloat16 in its forecast. All other runs offer it here.
    unsaid = not DISPLAYED and workflow.local_exec and "gpu" not in workflow.global_resources
    if unsaid and (line := offered(PLAN)):
        print(line, file=sys.stderr)


onsuccess:
    forget_progress(STUDY.folder)


# A Snakemake that a cluster runs on a node calls no `onstart`. Such a Snakemake starts its own launcher: the
# launcher of the login node is out of reach, or does not belong to what the cluster has granted.
if workflow.remote_exec:
    launcher.forget()
    launcher.begin()


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


# Weights that somebody else has trained take the place of pre-training.
rule weights:
    input:
        files=STUDY.weight_files,
    output:
        STUDY.model((GIVEN, "final"), "{seed}"),
    log:
        f"{STUDY.folder}/logs/models/{GIVEN}/seed{{seed}}.log",
    priority: 20
    localrule: True
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=2000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(specs.weights(PLAN)),
        code=fingerprint("weights"),
        contents=lambda w: contents(STUDY.weight_files),
    shell:
        program("weights", "files")


# Each training uses one thread, Snakemake's default, so that the results do not depend on the number of cores.
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
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2500),
        runtime=lambda w, attempt: PLAN.minutes(w.run) * attempt,
    params:
        spec=lambda w: canonical(specs.train(PLAN, w.run, int(w.seed))),
        code=fingerprint("train"),
        gpus=granted_gpus,
    shell:
        program("train", "parent task images", ON_GPU, "{output.final:q}")


# The pre-training from which all fine-tunings start keeps its weights at every epoch that figure 1 shows.
# Everything waits for this run, so it has a high priority.
use rule pretrain as pretrain_source with:
    output:
        final=STUDY.model(("{run}", "final"), "{seed}"),
        history=STUDY.history("{run}", "{seed}"),
        checkpoints=[STUDY.model(("{run}", f"epoch{epoch}"), "{seed}") for epoch in STUDY.checkpoint_epochs],
    wildcard_constraints:
        run=one_of([STUDY.pretrained] if STUDY.trains_source else []),
    priority: 10


use rule pretrain as finetune with:
    wildcard_constraints:
        run=one_of(PLAN.target_runs),
    priority: 5


# These runs keep their weights at some epochs, because an experiment measures the course of their training.
use rule finetune as finetune_path with:
    output:
        final=STUDY.model(("{run}", "final"), "{seed}"),
        history=STUDY.history("{run}", "{seed}"),
        checkpoints=[STUDY.model(("{run}", f"epoch{epoch}"), "{seed}") for epoch in PLAN.path_epochs],
    wildcard_constraints:
        run=one_of(PLAN.path_runs),
