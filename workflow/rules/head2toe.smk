# Head2Toe (Evci et al. 2022): probes on the layers of the frozen network, and the trainings that they are held against.

HEAD2TOE = PLAN.experiments["head2toe"]


rule head2toe_features:
    input:
        networks=lambda w: HEAD2TOE.networks(int(w.seed)),
        task=lambda w: HEAD2TOE.labels(w.target, w.seed),
        images=lambda w: ancient(HEAD2TOE.images(w.target)),
        checksums=lambda w: checksums(HEAD2TOE.images(w.target)),
    output:
        kept(HEAD2TOE.features("{target}", "{seed}")),
    log:
        f"{PLAN.folder}/logs/head2toe/features/{{target}}/seed{{seed}}.log",
    wildcard_constraints:
        target=one_of(HEAD2TOE.tasks_of),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 2000 * attempt,
        runtime=lambda w, attempt: 5 * attempt,
    params:
        spec=lambda w: canonical(HEAD2TOE.features_spec(w.target, int(w.seed))),
        code=fingerprint("head2toe_features"),
    shell:
        "python -m repdrift.stages head2toe_features --spec {params.spec:q} --code {params.code} "
        "--gpus {resources.gpu} --networks {input.networks:q} --task {input.task:q} --images {input.images:q} "
        "--output {output:q} > {log:q} 2>&1"


# All methods of a target and seed in one job: their heads are trained together.
rule head2toe_probes:
    input:
        HEAD2TOE.features("{target}", "{seed}"),
    output:
        table=HEAD2TOE.table("probes", "{target}", "{seed}"),
        probe=HEAD2TOE.probe("{target}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/head2toe/probes/{{target}}/seed{{seed}}.log",
    wildcard_constraints:
        target=one_of(HEAD2TOE.tasks_of),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 3000 * attempt,
        runtime=lambda w, attempt: 120 * attempt,
    params:
        spec=lambda w: canonical(HEAD2TOE.probes_spec(w.target, int(w.seed))),
        code=fingerprint("head2toe_probes"),
    shell:
        "python -m repdrift.stages head2toe_probes --spec {params.spec:q} --code {params.code} "
        "--gpus {resources.gpu} --features {input:q} --probe {output.probe:q} --output {output.table:q} "
        "> {log:q} 2>&1"


rule head2toe_tuning:
    input:
        parent=lambda w: PLAN.model(HEAD2TOE.parents[w.method], w.seed),
        probe=lambda w: HEAD2TOE.probe_files(w.method, w.target, w.seed),
        task=lambda w: HEAD2TOE.labels(w.target, w.seed),
        images=lambda w: ancient(HEAD2TOE.images(w.target)),
        checksums=lambda w: checksums(HEAD2TOE.images(w.target)),
    output:
        HEAD2TOE.table("{method}", "{target}", "{seed}"),
    log:
        f"{PLAN.folder}/logs/head2toe/{{method}}/{{target}}/seed{{seed}}.log",
    wildcard_constraints:
        method=one_of(HEAD2TOE.parents),
        target=one_of(HEAD2TOE.tasks_of),
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 3000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        spec=lambda w: canonical(HEAD2TOE.tuning_spec(w.method, w.target, int(w.seed))),
        code=fingerprint("head2toe_tuning"),
    shell:
        "python -m repdrift.stages head2toe_tuning --spec {params.spec:q} --code {params.code} "
        "--gpus {resources.gpu} --parent {input.parent:q} --probe {input.probe:q} --task {input.task:q} "
        "--images {input.images:q} --output {output:q} > {log:q} 2>&1"


rule head2toe_affinity_of_targets:
    input:
        list(HEAD2TOE.compared),
    output:
        HEAD2TOE.affinity,
    log:
        f"{PLAN.folder}/logs/head2toe/affinity.log",
    localrule: True
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=lambda w, attempt: 10 * attempt,
    params:
        spec=canonical(HEAD2TOE.affinity_spec()),
        code=fingerprint("head2toe_affinity_of_targets"),
    shell:
        "python -m repdrift.stages head2toe_affinity_of_targets --spec {params.spec:q} --code {params.code} "
        "--tables {input:q} --output {output:q} > {log:q} 2>&1"
