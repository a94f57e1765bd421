# Representations, and similarities between them.


rule activations:
    input:
        unpack(lambda w: with_images(PLAN.probe_images(w.role))),
        checkpoint=STUDY.model(("{run}", "{moment}"), "{seed}"),
    output:
        kept(STUDY.activations("{role}", ("{run}", "{moment}"), "{seed}")),
    log:
        f"{STUDY.folder}/logs/activations/{{role}}/{{run}}/seed{{seed}}/{{moment}}.log",
    wildcard_constraints:
        run=one_of([*PLAN.runs, *STUDY.initial_weights, GIVEN]),
        moment="init|final",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(1500),
        runtime=growing(3),
    params:
        spec=lambda w: canonical(specs.activations(PLAN, w.role, w.run)),
        code=fingerprint("activations"),
        gpus=granted_gpus,
    shell:
        program("activations", "checkpoint images", ON_GPU)


rule similarity:
    input:
        final=STUDY.activations("{role}", ("{run}", "final"), "{seed}"),
        references=lambda w: PLAN.reference_activations(w.role, w.run, w.seed),
    output:
        similarities=STUDY.similarity("{role}", "{run}", "{seed}"),
        halves=STUDY.halves("{role}", "{run}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/similarity/runs/{{role}}/{{run}}/seed{{seed}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(3),
    params:
        spec=lambda w: canonical(specs.similarity(PLAN, w.role, w.run, int(w.seed))),
        code=lambda w: code_of("similarity", specs.similarity(PLAN, w.role, w.run, int(w.seed))),
    shell:
        program("similarity", "final references", "--halves {output.halves:q}", "{output.similarities:q}")
