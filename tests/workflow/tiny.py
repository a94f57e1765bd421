"""The smallest study, and its graph of jobs, written down by hand beside the plan's; and the same with everything."""

DRIFT = """
study: tiny
seeds: [1]
datasets:
  objects: {train: 96, test: 96}
  digits: {train: 96, test: 8}
source: {dataset: objects, train: "train[0:96]", test: "test[0:64]"}
pretrain: {epochs: 2, random: [0, 9], sizes: [64, 96], sizes_random: [9]}
finetune:
  epochs: 1
  domain: {dataset: objects, train: "test[0:32]", test: "test[32:96]", random: [0, 9], shift: null}
  cross_domain: {dataset: digits, train: "train[0:32]", test: "train[32:96]", random: [0], shift: null}
probe: {images: 64}
similarity: {estimators: [cka-biased], permutations: 5, halves: 4}
sensitivity: {images: [64], bn: [batch], estimators: [cka-biased], samples: 1}
variants: {conv-bn-relu: null}
"""
OVERLAY = f"""{DRIFT}
controls: {{scratch: false, matched_steps: null, independent: false}}
transfer: null
transferability: null
grounding: null
head2toe: null
movement: null
decodability: null
"""
# Every rule, program and figure that there is.
COMPLETE = f"""{DRIFT}
controls: {{scratch: true, matched_steps: null, independent: true}}
transfer:
  targets: [cross_domain]
  images: 16
  converged: 2
  learning_rates: [0.001, 0.01]
  sweeps: [cross_domain]
  shuffle: [8]
  checkpoints: [0, 2]
  test_images: 32
  points: 3
  criticality: {{path: [1], distances: [0.0, 1.0], noises: [0.0, 0.1], draws: 1, images: 16, excess: 0.1}}
transferability:
  targets: [cross_domain]
  sweeps: [cross_domain]
  sizes: [16, 32]
  steps: 2
  classes: [5, 10]
  class_images: 8
grounding: {{reduce: [mean], images: 32, estimators: [soft-matching, linear-predictivity]}}
head2toe:
  targets: [cross_domain]
  sweeps: [cross_domain]
  shuffle: [8]
  images: 32
  folds: 1
  test_images: 32
  target_sizes: [32, 64]
  steps: [2, 4]
  learning_rates: [0.01]
  epochs: [1]
  offsets: [0.0, 0.5]
movement: {{roles: [source, domain, cross_domain], sizes: [0.1, 1.0], path: [0.0, 0.5, 1.0]}}
decodability: {{images: 32, test_images: 32, penalty: 0.001}}
"""

# What Snakemake is told to run them; `change.yaml` is what a test lays over the tiny study.
TINY = ("--configfile", "tiny.yaml", "change.yaml")
EVERYTHING = ("--configfile", "complete.yaml")
FIGURES = ("fig1", "fig2", "fig3", "fig4", "layers", "sensitivity")  # not fig5: it is added later
DEGREES = ("objects", "objects-random9")
SIZES = ("objects-n64-random9",)
DOMAIN = ("objects+objects", "objects+objects-random9")
CROSS = ("objects+digits",)
IMAGES = {"source": "dataset objects test", "domain": "dataset objects test", "cross_domain": "dataset digits train"}


def graph(*, seeds=(1,), degrees=DEGREES, sizes=SIZES, domain=DOMAIN, figures=FIGURES, independent=False):
    """Every job as `rule wildcards`, and the jobs that it needs."""
    needs = {"dataset objects train": [], "dataset objects test": [], "dataset digits train": []}
    weights = ["init", *(["independent"] if independent else [])]
    roles = {"source": (*degrees, *sizes), "domain": domain, "cross_domain": CROSS}
    for seed in seeds:
        trained = {kind: f"initialise {kind} {seed}" for kind in weights}
        for role, runs in roles.items():
            for run in runs:
                trained[run] = job_that_trains(run, seed)
                task = f"task {run if role == 'source' else run.replace('objects+', 'target-')} {seed}"
                parent = trained["init" if role == "source" else "objects"]
                data = {IMAGES[role], *(["dataset objects train"] if role == "source" else [])}
                needs |= {trained[run]: [parent, task, *data], task: [*data]}
        needs |= {trained[kind]: [] for kind in weights}
        read = {}  # the job that reads the representations of a network on the probe of a role
        for role, runs in roles.items():
            compared = ["init"] if role == "source" else [*weights, "objects"]
            for network in dict.fromkeys([*compared, *runs]):
                read[role, network] = f"activations {role} {network} {seed} {'init' if network in weights else 'final'}"
                needs[read[role, network]] = [trained[network], IMAGES[role]]
            for run in runs:
                needs[f"similarity {role} {run} {seed}"] = [read[role, each] for each in (run, *compared)]
        for role, runs in (("source", DEGREES), ("domain", DOMAIN)):
            compared = ["init"] if role == "source" else ["init", "objects"]
            needs[f"sensitivity_of_runs {role} main {seed}"] = [
                *(trained[each] for each in (*runs, *compared)),
                IMAGES["source"],
            ]
        needs[f"curve {seed}"] = [trained["objects"], trained["init"], IMAGES["source"]]
        needs[f"layers_of_networks {seed}"] = [read["domain", each] for each in ("init", "objects", *DOMAIN)]
    shown = {
        "fig1": [f"curve {seed}" for seed in seeds],
        "fig2": [job_that_trains(run, seed) for run in degrees for seed in seeds],
        "fig3": [similarity(run, seed) for run in (*degrees, *sizes) for seed in seeds],
        "fig4": [similarity(run, seed) for run in (*domain, *CROSS) for seed in seeds],
        "fig5": [similarity(run, seed) for run in (*DOMAIN, *CROSS) for seed in seeds],
        "controls": [similarity("objects+objects-random9", seed) for seed in seeds],
        "layers": [f"layers_of_networks {seed}" for seed in seeds],
        "sensitivity": [f"sensitivity_of_runs {role} main {seed}" for role in ("source", "domain") for seed in seeds],
    }
    for figure in figures:
        needs |= {f"table {figure}": shown[figure], f"figure {figure}": [f"table {figure}"]}
    return needs


def role_of(run):
    return "source" if "+" not in run else "cross_domain" if run in CROSS else "domain"


def similarity(run, seed=1):
    """The job that compares a run with its references on its own probe, which is the one that figures show."""
    return f"similarity {role_of(run)} {run} {seed}"


def job_that_trains(run, seed):
    rule = "finetune" if "+" in run else "pretrain_source" if run == "objects" else "pretrain"
    return f"{rule} {run} {seed}"


def onwards(starts, needs=None):
    """These jobs, and all jobs that need them, directly or not."""
    needs = graph() if needs is None else needs
    found, waiting = set(), set(starts)
    while waiting:
        found |= waiting
        waiting = {job for job, needed in needs.items() if job not in found and waiting & set(needed)}
    return found


def needed_for(targets):
    """These jobs, and all jobs that they need, directly or not."""
    needs = graph()
    found, waiting = set(), set(targets)
    while waiting:
        found |= waiting
        waiting = {needed for job in waiting for needed in needs[job]}
    return found


def of(*rules, needs=None):
    """All jobs of some rules."""
    return {job for job in (graph() if needs is None else needs) if job.split()[0] in rules}


def added(**larger):
    """What a larger study has beyond the one that has been run, and all that needs it."""
    needs = graph(**larger)
    return onwards(set(needs) - set(graph()), needs)
