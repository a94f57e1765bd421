# What is being transferred? (Neyshabur et al. 2020): comparisons of networks that were trained on the same target.

TRANSFER = PLAN.experiments["transfer"]
READ = "--gpus {resources.gpu} --networks {input.networks:q} --task {input.task:q} --images {input.images:q}"


def inputs_of_table(part):
    """Return a function that gives the inputs of a table: the weights, labels and images of one target and seed."""

    def inputs(w):
        task = TRANSFER.task(w.dataset).name
        networks, labels = TRANSFER.checkpoints_of(
            part, w.dataset, w.seed
        ), STUDY.labels(task, w.seed)
        return with_images(PLAN.task_images(task), networks=networks, task=labels)

    return inputs


rule transfer_similarity_of_pairs:
    input:
        unpack(inputs_of_table("similarity")),
    output:
        TRANSFER.file("similarity", "{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/similarity/{{dataset}}/seed{{seed}}.log",
    conda:
        "../../../../envs/torch.yaml"
    threads: 1
    resources:
        gpu=gpu_if_offered,
        mem_mb=growing(2500),
        runtime=growing(20),
    params:
        spec=lambda w: canonical(TRANSFER.pairs_spec(w.dataset, int(w.seed))),
        code=lambda w: code_of(
            "transfer_similarity_of_pairs", TRANSFER.pairs_spec(w.dataset, int(w.seed))
        ),
        # Not the rule's name, which has a prefix in a workflow that imports this one. A function of the resources is
        # not tracked.
        program=lambda w, resources: "transfer_similarity_of_pairs",
    shell:
        program("{params.program}", READ)


use rule transfer_similarity_of_pairs as transfer_barrier_of_pairs with:
    input:
        unpack(inputs_of_table("barrier")),
    output:
        TRANSFER.file("barrier", "{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/barrier/{{dataset}}/seed{{seed}}.log",
    params:
        spec=lambda w: canonical(TRANSFER.lines_spec(w.dataset, int(w.seed))),
        code=fingerprint("transfer_barrier_of_pairs"),
        program=lambda w, resources: "transfer_barrier_of_pairs",


use rule transfer_similarity_of_pairs as transfer_criticality_of_parts with:
    input:
        unpack(inputs_of_table("criticality")),
    output:
        TRANSFER.file("criticality", "{dataset}", "{seed}"),
    log:
        f"{STUDY.folder}/logs/transfer/criticality/{{dataset}}/seed{{seed}}.log",
    params:
        spec=lambda w: canonical(TRANSFER.criticality_spec(w.dataset, int(w.seed))),
        code=fingerprint("transfer_criticality_of_parts"),
        program=lambda w, resources: "transfer_criticality_of_parts",
