# Head2Toe (Evci et al. 2022): probes on the layers of the frozen network, and the trainings that they compete with.

HEAD2TOE = PLAN.experiments["head2toe"]


wildcard_constraints:
    target=one_of(HEAD2TOE.tasks_of),
    method=one_of(HEAD2TOE.parents),


rule head2toe_features:
    input:
        unpack(lambda w: with_images(HEAD2TOE.images(w.target))),
        networks=lambda w: HEAD2TOE.networks(int(w.seed)),
        task=lambda w: HEAD2TOE.labels(w.target, w.seed),
    output:
        kept(HEAD2TOE.features("{target}", "{seed}")),
    log:
        f"{STUDY.folder}/logs/head2toe/features/{{target}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2000),
        runtime=growing_time(5),
    params:
        spec=lambda w: canonical(HEAD2TOE.features_spec(w.target, int(w.seed))),
        code=fingerprint("head2toe_features"),
        gpus=granted_gpus,
    shell:
        program("head2toe_features", "networks task images", ON_GPU)


# One job makes the probes of all methods for a target and seed, because it trains their heads together.
rule head2toe_probes:
    input:
        features=HEAD2TOE.features("{target}", "{seed}"),
    output:
        table=HEAD2TOE.table("probes", "{target}", "{seed}"),
        probe=HEAD2TOE.probe("{target}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/head2toe/probes/{{target}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        spec=lambda w: canonical(HEAD2TOE.probes_spec(w.target, int(w.seed))),
        code=fingerprint("head2toe_probes"),
        gpus=granted_gpus,
    shell:
        program("head2toe_probes", "features", f"{ON_GPU} --probe {{output.probe:q}}", "{output.table:q}")


rule head2toe_tuning:
    input:
        unpack(lambda w: with_images(HEAD2TOE.images(w.target))),
        parent=lambda w: STUDY.model(HEAD2TOE.parents[w.method], w.seed),
        features=lambda w: HEAD2TOE.features_before(w.method, w.target, w.seed),
        task=lambda w: HEAD2TOE.labels(w.target, w.seed),
    output:
        HEAD2TOE.table("{method}", "{target}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/head2toe/{{method}}/{{target}}/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(3000),
        runtime=growing_time(60),
    params:
        spec=lambda w: canonical(HEAD2TOE.tuning_spec(w.method, w.target, int(w.seed))),
        code=fingerprint("head2toe_tuning"),
        gpus=granted_gpus,
    shell:
        program("head2toe_tuning", "parent features task images", ON_GPU)


rule head2toe_affinity_of_targets:
    input:
        tables=list(HEAD2TOE.compared),
    output:
        HEAD2TOE.affinity,
    log:
        f"{STUDY.folder}/logs/head2toe/affinity.log",
    localrule: True
    conda:
        f"{ROOT}/envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=canonical(HEAD2TOE.affinity_spec()),
        code=fingerprint("head2toe_affinity_of_targets"),
    shell:
        program("head2toe_affinity_of_targets", "tables", grows=True)
