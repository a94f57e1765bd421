# How representations drift (Goerttler & Obermayer 2022): similarity over epochs, similarity of every layer with every
# layer, similarity under other choices of measurement, and the verdicts under these choices.

from repdrift.experiments.drift.claims import multiverse_spec
from repdrift.experiments.drift.validation import NUMBERS as PUBLISHED

DRIFT = PLAN.experiments["drift"]


rule curve:
    input:
        **with_images(PLAN.probe_images("source")),
        checkpoints=lambda w: DRIFT.curve_checkpoints(w.seed),
    output:
        DRIFT.curve("{seed}"),
    log:
        f"{STUDY.folder}/logs/similarity/curve/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(2000),
        runtime=growing_time(30),
    params:
        spec=lambda w: canonical(DRIFT.curve_spec(int(w.seed))),
        code=lambda w: code_of("curve", DRIFT.curve_spec(int(w.seed))),
        gpus=granted_gpus,
    shell:
        program("curve", "checkpoints images", ON_GPU)


rule layers_of_networks:
    input:
        activations=lambda w: [STUDY.activations("domain", network, w.seed) for network in DRIFT.layer_networks],
    output:
        DRIFT.layers("{seed}"),
    log:
        f"{STUDY.folder}/logs/similarity/layers/seed{{seed}}.log",
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(5),
    params:
        spec=lambda w: canonical(DRIFT.layers_spec(int(w.seed))),
        code=fingerprint("layers_of_networks"),
    shell:
        program("layers_of_networks", "activations")


rule sensitivity_of_runs:
    input:
        unpack(lambda w: with_images(DRIFT.sensitivity_images(w.role))),
        networks=lambda w: DRIFT.sensitivity_files(w.role, w.group, w.seed),
    output:
        DRIFT.sensitivity("{role}", "{group}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/similarity/sensitivity/{{role}}/{{group}}/seed{{seed}}.log",
    wildcard_constraints:
        group=one_of(group for _, group in DRIFT.tried_groups),
    conda:
        f"{ROOT}/envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing_memory(5000),
        runtime=growing_time(60),
    params:
        spec=lambda w: canonical(DRIFT.sensitivity_spec(w.role, w.group, int(w.seed))),
        code=lambda w: code_of("sensitivity_of_runs", DRIFT.sensitivity_spec(w.role, w.group, int(w.seed))),
        gpus=granted_gpus,
    shell:
        program("sensitivity_of_runs", "networks images", ON_GPU)


rule compare_with_published:
    input:
        published=os.path.relpath(PUBLISHED),
        similarities=DRIFT.validated_similarities(),
        histories=DRIFT.validated_histories(),
    output:
        STUDY.table("validation"),
    log:
        f"{STUDY.folder}/logs/validation.log",
    localrule: True
    conda:
        f"{ROOT}/envs/plot.yaml"
    resources:
        mem_mb=1000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(DRIFT.validation_spec()),
        code=fingerprint("compare_with_published"),
    shell:
        program("compare_with_published", "published similarities histories", grows=True)


# The known answers tell the order in which the multiverse shows the estimators, if the study has them.
KNOWN_ANSWERS = {"grounding": STUDY.table("grounding")} if "grounding" in PLAN.experiments else {}


rule judge_under_choices:
    input:
        **KNOWN_ANSWERS,
        similarities=DRIFT.similarities(),
        curves=DRIFT.curves(),
        histories=PLAN.claim_histories(DRIFT.claims_figure),
        choices=DRIFT.tried(),
    output:
        f"{STUDY.folder}/tables/multiverse.csv",
    log:
        f"{STUDY.folder}/logs/multiverse.log",
    localrule: True
    conda:
        f"{ROOT}/envs/plot.yaml"
    resources:
        mem_mb=2000,
        runtime=growing(10),
    params:
        spec=lambda w: canonical(multiverse_spec(DRIFT)),
        code=fingerprint("judge_under_choices"),
    shell:
        program("judge_under_choices", " ".join(["similarities curves histories choices", *KNOWN_ANSWERS]), grows=True)
