# Representations and their similarity.


rule activations:
    input:
        checkpoint=PLAN.model(("{run}", "{moment}"), "{seed}"),
        images=lambda w: ancient(PLAN.probe_images(w.role)),
        checksums=lambda w: checksums(PLAN.probe_images(w.role)),
    output:
        kept(PLAN.activations("{role}", ("{run}", "{moment}"), "{seed}")),
    log:
        f"{PLAN.folder}/logs/activations/{{role}}/{{run}}/seed{{seed}}/{{moment}}.log",
    wildcard_constraints:
        run=one_of([*PLAN.runs, *PLAN.initial_weights]),
        moment="init|final",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=lambda w, attempt: 3 * attempt,
    params:
        spec=lambda w: spec(specs.activations, w.role, w.run),
        code=fingerprint("activations"),
    shell:
        "python -m repdrift.stages activations --spec {params.spec:q} --code {params.code} --gpus {resources.gpu} "
        "--checkpoint {input.checkpoint:q} --images {input.images:q} --output {output:q} > {log:q} 2>&1"


rule similarity:
    input:
        final=lambda w: PLAN.activations(
            PLAN.runs[w.run].task.role, (w.run, "final"), w.seed
        ),
        references=lambda w: PLAN.compared(w.run, w.seed),
    output:
        PLAN.similarity("{run}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/similarity/runs/{{run}}/seed{{seed}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=lambda w, attempt: 3 * attempt,
    params:
        spec=lambda w: spec(specs.similarity, w.run, int(w.seed)),
        code=fingerprint("similarity"),
    shell:
        "python -m repdrift.stages similarity --spec {params.spec:q} --code {params.code} "
        "--final {input.final:q} --references {input.references:q} --output {output:q} > {log:q} 2>&1"


rule curve:
    input:
        checkpoints=lambda w: PLAN.curve_checkpoints(w.seed),
        images=ancient(PLAN.probe_images("source")),
        checksums=checksums(PLAN.probe_images("source")),
    output:
        PLAN.curve("{seed}"),
    log:
        f"{PLAN.folder}/logs/similarity/curve/seed{{seed}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 2000 * attempt,
        runtime=lambda w, attempt: 30 * attempt,
    params:
        spec=lambda w: spec(specs.curve, int(w.seed)),
        code=fingerprint("curve"),
    shell:
        "python -m repdrift.stages curve --spec {params.spec:q} --code {params.code} --gpus {resources.gpu} "
        "--checkpoints {input.checkpoints:q} --images {input.images:q} --output {output:q} > {log:q} 2>&1"


rule layers_of_networks:
    input:
        lambda w: [
            PLAN.activations("domain", checkpoint, w.seed)
            for checkpoint in PLAN.layer_networks()
        ],
    output:
        PLAN.layers("{seed}"),
    log:
        f"{PLAN.folder}/logs/similarity/layers/seed{{seed}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: 1500 * attempt,
        runtime=lambda w, attempt: 5 * attempt,
    params:
        spec=lambda w: spec(specs.layers, int(w.seed)),
        code=fingerprint("layers_of_networks"),
    shell:
        "python -m repdrift.stages layers_of_networks --spec {params.spec:q} --code {params.code} "
        "--activations {input:q} --output {output:q} > {log:q} 2>&1"


rule sensitivity_of_run:
    input:
        final=PLAN.model(("{run}", "final"), "{seed}"),
        references=lambda w: [
            PLAN.model(checkpoint, w.seed)
            for checkpoint in PLAN.sensitivity_references(w.run).values()
        ],
        images=lambda w: ancient(PLAN.sensitivity_images(PLAN.runs[w.run].task.role)),
        checksums=lambda w: checksums(
            PLAN.sensitivity_images(PLAN.runs[w.run].task.role)
        ),
    output:
        PLAN.sensitivity("{run}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/similarity/sensitivity/{{run}}/seed{{seed}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 5000 * attempt,
        runtime=lambda w, attempt: 20 * attempt,
    params:
        spec=lambda w: spec(specs.sensitivity, w.run, int(w.seed)),
        code=fingerprint("sensitivity_of_run"),
    shell:
        "python -m repdrift.stages sensitivity_of_run --spec {params.spec:q} --code {params.code} --gpus {resources.gpu} "
        "--final {input.final:q} --references {input.references:q} --images {input.images:q} "
        "--output {output:q} > {log:q} 2>&1"
