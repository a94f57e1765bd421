# Known answers: similarities of networks of different seeds, and how well they find those that were trained alike.

GROUNDING = PLAN.experiments["grounding"]


# One job measures all pairs under a reduction of layers, because each of them takes a fraction of a second.
rule grounding_of_pairs:
    input:
        **with_images(GROUNDING.images),
        networks=GROUNDING.networks,
    output:
        GROUNDING.pairs("{reduce}"),
    log:
        f"{STUDY.folder}/logs/grounding/{{reduce}}.log",
    wildcard_constraints:
        reduce=one_of(GROUNDING.reductions),
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(5000),
        runtime=growing_time(60),
    params:
        spec=lambda w: canonical(GROUNDING.pairs_spec(w.reduce)),
        code=lambda w: code_of("grounding_of_pairs", GROUNDING.pairs_spec(w.reduce)),
        gpus=granted_gpus,
    shell:
        program("grounding_of_pairs", "networks images", ON_GPU, grows=True)


rule grounding_precision:
    input:
        pairs=[GROUNDING.pairs(reduce) for reduce in GROUNDING.reductions],
    output:
        STUDY.table("grounding"),
    log:
        f"{STUDY.folder}/logs/grounding/precision.log",
    localrule: True
    conda:
        f"{ROOT}/envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=canonical(GROUNDING.precision_spec()),
        code=fingerprint("grounding_precision"),
    shell:
        program("grounding_precision", "pairs", grows=True)
