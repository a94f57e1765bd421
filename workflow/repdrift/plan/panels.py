"""The figures of the paper: which runs each panel shows, and under which label.

Standard library only: the Snakefile imports it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from repdrift.plan.plan import Plan
from repdrift.study.runs import INITIAL, Run, in_block
from repdrift.study.tasks import Transform


@dataclass(frozen=True)
class Series:
    """A line of a figure: a run (its similarity to a reference, or its history) and its label."""

    label: str
    run: str
    reference: str


@dataclass(frozen=True)
class Panel:
    title: str
    series: tuple[Series, ...]

    @property
    def runs(self) -> list[str]:
        return [series.run for series in self.series]


@dataclass(frozen=True)
class Figure:
    """A figure: its name, its kind (of `repdrift.figures.KINDS`) and its panels."""

    name: str
    kind: str
    panels: tuple[Panel, ...]

    @property
    def runs(self) -> list[str]:
        """Names of the runs that it shows, each once, in order."""
        return list(dict.fromkeys(run for panel in self.panels for run in panel.runs))


def figures(plan: Plan) -> dict[str, Figure]:
    """All figures of a study, by name."""
    degrees = Panel("label randomness", tuple(_degrees(plan)))
    sizes = [
        Panel(f"training-set size, d = {degree}", tuple(_sizes(plan, degree)))
        for degree in plan.config["pretrain"]["sizes_random"]
    ]
    found = [
        Figure("fig1", "curve", (Panel("", (Series("", plan.pretrained, "init"),)),)),
        Figure("fig2", "history", (degrees,)),
        Figure("fig3", "layers", (degrees, *sizes)),
        Figure("fig4", "layers", tuple(_figure4(plan))),
        Figure("fig5", "layers", tuple(_figure5(plan))),
    ]
    controls = tuple(_controls(plan))
    if controls:
        found.append(Figure("controls", "layers", controls))
    found.append(Figure("layers", "heatmap", tuple(_layers(plan))))
    found.append(Figure("sensitivity", "sensitivity", tuple(_sensitivity(plan))))
    # The tables of the others are not made of panels; those of the last two are made from all of the study.
    for experiment in plan.experiments.values():
        found += [Figure(name, "claims" if name.endswith("_claims") else name, ()) for name in experiment.titles]
    found += [Figure(name, name, ()) for name in ("claims", "multiverse")]
    return {figure.name: figure for figure in found}


def _degrees(plan: Plan) -> Iterator[Series]:
    for degree in plan.config["pretrain"]["random"]:
        yield Series(f"d = {degree}", plan.scratch_run(degree).name, "init")


def _sizes(plan: Plan, degree: int, steps: int | None = None) -> Iterator[Series]:
    for size in plan.config["pretrain"]["sizes"]:
        yield Series(f"N = {size:,}", plan.scratch_run(degree, size, steps).name, "init")


def _figure4(plan: Plan) -> Iterator[Panel]:
    for role in ("domain", "cross_domain"):
        target = plan.config["finetune"][role]
        runs = [(degree, plan.target_run(role, Transform("random", degree)).name) for degree in target["random"]]
        series = tuple(Series(f"d = {degree}", run, "pretrained") for degree, run in runs)
        yield Panel(plan.title(target["dataset"]), series)
    yield Panel(
        "domain and cross-domain",
        tuple(Series(label, run, "pretrained") for label, run in _four_targets(plan)),
    )


def _figure5(plan: Plan) -> Iterator[Panel]:
    for label, run in _four_targets(plan):
        yield Panel(
            label,
            (Series("to pre-trained weights", run, "pretrained"), Series("to initial weights", run, "init")),
        )


def _four_targets(plan: Plan) -> Iterator[tuple[str, str]]:
    """Label and run of the tasks of figures 4c and 5: true, most random and shifted labels, and other images."""
    domain, cross = (plan.config["finetune"][role] for role in ("domain", "cross_domain"))
    shown = [
        *(("domain", Transform("random", degree)) for degree in sorted({min(domain["random"]), max(domain["random"])})),
        *(("domain", transform) for transform in plan.transforms("domain") if transform.kind == "shift"),
        ("cross_domain", Transform("random", min(cross["random"]))),
    ]
    for role, transform in shown:
        title = plan.title(plan.config["finetune"][role]["dataset"])
        how = "shifted" if transform.kind == "shift" else f"d = {transform.value}"
        yield f"{title}, {how}", plan.target_run(role, transform).name


def _controls(plan: Plan) -> Iterator[Panel]:
    controls = plan.config["controls"]
    steps = controls["matched_steps"]
    if steps:
        degree = max(plan.config["pretrain"]["sizes_random"])
        yield Panel(f"sizes at {steps:,} steps each, d = {degree}", tuple(_sizes(plan, degree, steps)))
    transform = plan.most_random
    tuned = plan.target_run("domain", transform).name
    if controls["scratch"]:
        scratch = plan.target_run("domain", transform, parent=INITIAL).name
        yield Panel(
            f"change from the start, d = {transform.value}",
            (Series("from pre-trained weights", tuned, "pretrained"), Series("from initial weights", scratch, "init")),
        )
    if controls["independent"]:
        yield Panel(
            f"fine-tuned on d = {transform.value}",
            (
                Series("to the pre-trained network", tuned, "pretrained"),
                Series("to its own initialisation", tuned, "init"),
                Series("to an unrelated random network", tuned, "independent"),
            ),
        )


def _layers(plan: Plan) -> Iterator[Panel]:
    initial, pretrained, *tuned = (run for run, _ in plan.layer_networks())
    names = {initial: "initial", pretrained: "pre-trained"}
    for run in tuned:
        names[run] = f"fine-tuned, {_degree(plan.runs[run])}"
    between = [(pretrained, initial), *((run, pretrained) for run in tuned), (tuned[-1], initial)]
    for run, reference in [*((run, run) for run in names), *between]:
        title = names[run] if run == reference else f"{names[run]}, and {names[reference]}"
        yield Panel(title, (Series("", run, reference),))


def _sensitivity(plan: Plan) -> Iterator[Panel]:
    """The main comparisons, each with all orders of the blocks: those behind claims G1, G6, G8 and G15."""
    blocks = [plan.network["block"], *plan.other_blocks]
    for run in plan.main_runs:
        scratch = run.parent == INITIAL
        references = ["init"] if scratch else ["pretrained"]
        if not scratch and run.task.transform == plan.most_random:
            references.append("init")
        for reference in references:
            how = "from scratch" if scratch else "fine-tuned"
            to = {"init": "initial", "pretrained": "pre-trained"}[reference]
            names = [run.name, *(in_block(run, block).name for block in plan.other_blocks)]
            series = tuple(Series(block, name, reference) for block, name in zip(blocks, names, strict=True))
            yield Panel(f"{how}, {_degree(run)}, to {to} weights", series)


def _degree(run: Run) -> str:
    return f"d = {run.task.transform.value}"
