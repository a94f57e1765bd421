"""Specs: for each job the settings that it uses, all of them and no others. They are what Snakemake tracks.

Standard library only: the Snakefile imports it.
"""

from collections.abc import Iterable
from typing import Any

from repdrift.claims.contrasts import history_runs
from repdrift.experiments.drift import claims as goerttler2022
from repdrift.plan import captions
from repdrift.plan import claims as study
from repdrift.plan.panels import Figure
from repdrift.plan.plan import Plan
from repdrift.study.runs import BETWEEN

Spec = dict[str, Any]


def dataset(plan: Plan, store: str, split: str) -> Spec:
    return {"dataset": plan.settings(plan.stores[store]), "split": split}


def task(plan: Plan, name: str, seed: int) -> Spec:
    task = plan.tasks[name]
    classes = plan.config["datasets"][task.dataset]["classes"]
    return {
        "task": name,
        "dataset": task.dataset,
        "train": task.train.spec,
        "test": task.test.spec,
        "labels": {task.transform.kind: task.transform.amount(seed, classes)},
        "classes": classes,
        "kept": {"classes": task.classes, "images": task.images},
        "shuffle": task.shuffle,
        "seed": seed,
    }


def initialise(plan: Plan, kind: str, seed: int) -> Spec:
    purpose = {"init": "initialisation", "independent": "independent initialisation"}[kind.rpartition(BETWEEN)[2]]
    return {"network": plan.network_of(kind), "purpose": purpose, "seed": seed}


def train(plan: Plan, name: str, seed: int) -> Spec:
    run = plan.runs[name]
    return {
        "run": name,
        "task": run.task.name,
        "network": plan.network_of(name),
        "head": run.head,
        "training": {**plan.config["training"], "steps": run.steps, "test_every": run.test_every},
        "checkpoints": list(run.checkpoints),
        "order": run.order,
        "seed": seed,
    }


def activations(plan: Plan, role: str, run: str) -> Spec:
    _, probe = plan.probe(role)
    calibration = plan.calibration(role)
    return {
        "network": plan.network_of(run),
        "probe": probe.spec,
        "calibration": calibration.spec if calibration else None,
    }


def similarity(plan: Plan, name: str, seed: int) -> Spec:
    run = plan.runs[name]
    return {
        "run": name,
        "seed": seed,
        "references": list(plan.references(run)),
        "estimators": plan.config["similarity"]["estimators"],
        "permutations": plan.config["similarity"]["permutations"],
    }


def curve(plan: Plan, seed: int) -> Spec:
    return {
        **activations(plan, "source", plan.pretrained),
        "run": plan.pretrained,
        "seed": seed,
        "epochs": list(plan.checkpoint_epochs),
        "estimators": plan.config["similarity"]["estimators"],
    }


def sensitivity(plan: Plan, name: str, seed: int) -> Spec:
    role = plan.runs[name].task.role
    settings = plan.config["sensitivity"]
    sizes = plan.probe_sizes(name)
    _, probe = plan.probe(role)
    usual = plan.config["probe"]
    return {
        "run": name,
        "seed": seed,
        "references": list(plan.sensitivity_references(name)),
        "network": plan.network_of(name),
        "probe": probe.first(max(sizes)).spec,
        "calibration": plan.calibration_images(role).spec if "calibrated" in plan.bn_modes else None,
        "usual": {"images": usual["images"], "bn": usual["bn"]},
        "sizes": sizes,
        "bn": plan.bn_modes,
        "estimators": list(dict.fromkeys([*plan.config["similarity"]["estimators"], *settings["estimators"]])),
    }


def layers(plan: Plan, seed: int) -> Spec:
    networks = [run for run, _ in plan.layer_networks()]
    return {"networks": networks, "seed": seed}


def claims(plan: Plan, figure: str) -> Spec:
    """Spec of a figure's verdicts; `histories` says whose each history is, `tables` by which columns they are read."""
    found = study.claims(plan)[figure]
    histories = list(plan.rows("history", history_runs(found)).values())
    return {
        "claims": [claim.spec for claim in found],
        "histories": [{"run": columns["run"], "seed": columns["seed"]} for columns in histories],
        "tables": {name: list(keys) for name, keys in plan.claim_tables(figure).items()},
    }


def multiverse(plan: Plan) -> Spec:
    """Spec of the verdicts under all choices; `main` are the claims as the main runs alone can show them."""
    main = goerttler2022.claims(plan, {run.name for run in plan.main_runs})
    usual = {"n": plan.config["probe"]["images"], "bn": plan.config["probe"]["bn"], "block": plan.network["block"]}
    return {
        **claims(plan, study.PAPER),
        "main": [claim.spec for claim in main],
        "usual": usual,
        "blocks": plan.other_blocks,
    }


def table(plan: Plan, figure: Figure) -> Spec:
    """Spec of a figure's table; `columns` are to be added to the rows of each of its files."""
    panels = [{"title": panel.title, "series": [vars(series) for series in panel.series]} for panel in figure.panels]
    return {"panels": panels, "columns": list(plan.rows(figure.kind, figure.runs).values())}


def figure(plan: Plan, figure: Figure) -> Spec:
    name = plan.network["name"]
    blocks = dict.fromkeys(plan.network_of(run)["block"] for run in figure.runs or plan.usual_runs)
    return {"figure": figure.name, "kind": figure.kind, "network": f"{name}, {' or '.join(blocks)}"}


def page(plan: Plan, figures: Iterable[Figure]) -> Spec:
    """Spec of the page with everything: its figures in order, with captions, and the config but for paths and disk."""
    shown = [
        {"name": f.name, "title": captions.title(plan, f.name), "caption": captions.caption(plan, f)} for f in figures
    ]
    settings = {key: value for key, value in plan.config.items() if key not in ("data", "keep")}
    return {"study": plan.config["study"], "figures": shown, "config": settings}
