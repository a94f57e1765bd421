"""Made-up tables of a world in which Goerttler & Obermayer (2022) are right, or wrong."""

import numpy as np
import pandas as pd

LAYERS = ("pool1", "pool2", "pool3", "pool4", "logits")
ESTIMATORS = ("cka-biased", "cka-debiased")
SEEDS = (1, 2, 3, 4, 5)


def change(run, reference):
    """How much each layer changes in a world where the paper is right, from 0 to 1."""
    depth = np.arange(1, 6)
    if reference == "init" and "+" not in run:  # from scratch
        size = 0.3 if "-n256" in run else 1
        random = np.array([0.15, 0.15, 0.15, 0.15, 1.1]) if "random9" in run else 1
        return 0.15 * depth * random * size
    if reference == "init" and run.startswith("init+"):
        return 0.05 * depth
    tuned = {
        "objects+objects": 0.02 * depth, "objects+objects-random9": 0.15 * depth, "objects+objects-shift": 0.05 * depth,
        "objects+digits": 0.08 * depth, "objects+digits-random9": 0.18 * depth,
    }[run]  # fmt: skip
    if reference == "pretrained":
        return tuned
    return tuned + (-0.03 if "random9" in run else 0.3 if run == "objects+objects" else 0.15)


def world(plan, sign=1):
    """Similarities of all runs; with -1, a world in which all changes are the other way round."""
    noise = np.random.default_rng(1)
    rows = []
    for name in plan.experiments["drift"].usual_runs:
        run = plan.runs[name]
        for reference in plan.study.references(run):
            own = change(name, "init" if reference == "independent" else reference)
            for probe in plan.study.probes(run):
                for seed in SEEDS:
                    for layer, amount in zip(LAYERS, own, strict=True):
                        value = (1 - amount if sign == 1 else amount) + noise.normal(0, 1e-4)
                        rows += [
                            (name, seed, reference, layer, probe, estimator, 300, value) for estimator in ESTIMATORS
                        ]
    columns = ["run", "seed", "reference", "layer", "probe", "estimator", "n", "value"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(null_mean=0.1, null_q95=0.15, p=0.01, calibrated=(table["value"] - 0.15) / 0.85)


def halves(similarity, spread=1e-3):
    """Return similarities on halves of the probe, which all differ from those on the whole probe by the same."""
    noise = np.random.default_rng(2).normal(0, spread, size=20)
    columns = {f"half{number}": similarity["value"] + error for number, error in enumerate(noise, 1)}
    return similarity[["run", "seed", "reference", "layer", "probe", "estimator"]].assign(**columns)


def curve(plan, early=True):
    """Similarities over epochs, where nearly all of the change comes early, or all of it in the last epoch."""
    last = plan.study.checkpoint_epochs[-1]
    rows = [
        (seed, epoch, layer, estimator, (0.51 if early else 0.99) - (0.01 if epoch == last and early else 0)
         - (0.5 if epoch == last and not early else 0) + 1e-4 * seed)
        for seed in SEEDS
        for epoch in plan.study.checkpoint_epochs
        for layer in LAYERS
        for estimator in ESTIMATORS
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["seed", "epoch", "layer", "estimator", "value"])


def as_the_paper_says(run, column, _):
    random = "random9" in run
    return {"train_loss": 1 + random, "train_accuracy": 99 - random, "test_accuracy": 10.1 if random else 75}[column]


def tried(plan, similarity):
    """The main runs under another order of the blocks, in which random labels change as much as true ones."""
    main = {run.name for run in plan.experiments["drift"].main_runs}
    chosen = similarity["run"].isin(main) & (similarity["reference"] != "independent")
    rows = similarity[chosen].assign(bn="batch", n=100, sample=1, calibrated=np.nan)
    other = rows.assign(run="conv-bn-relu/" + rows["run"])
    other["value"] = np.random.default_rng(3).normal(0.5, 0.1, len(other))
    return pd.concat([rows, rows.assign(n=300, sample=2), other])
