"""The panels of the paper's figures: the runs that each panel shows, and their labels.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator, Mapping, Sequence

from repdrift.study.figure import Panel, Series
from repdrift.study.runs import INITIAL, Checkpoint, Run
from repdrift.study.study import CROSS_DOMAIN, DOMAIN, Study
from repdrift.study.tasks import Transform


def pretraining(study: Study) -> Panel:
    """Show the pre-training on true labels."""
    return Panel("", (Series("", study.pretrained, "init"),))


def degrees(study: Study) -> Panel:
    """Show trainings from scratch on labels of every degree of randomness."""
    series = [
        Series(f"d = {degree}", study.scratch_run(degree).name, "init") for degree in study.config.pretrain.random
    ]
    return Panel("label randomness", tuple(series))


def sizes(study: Study, degree: int) -> Panel:
    """Show trainings from scratch on the first N images, for every N."""
    return Panel(f"training-set size, d = {degree}", _sizes(study, degree))


def _sizes(study: Study, degree: int, steps: int | None = None) -> tuple[Series, ...]:
    return tuple(
        Series(f"N = {size:,}", study.scratch_run(degree, size, steps).name, "init")
        for size in study.config.pretrain.sizes
    )


def fine_tuned(study: Study) -> Iterator[Panel]:
    """Show fine-tunings on both targets by label randomness, and the four main target tasks together."""
    for role in (DOMAIN, CROSS_DOMAIN):
        target = getattr(study.config.finetune, role)
        runs = [(degree, study.target_run(role, Transform("random", degree)).name) for degree in target.random]
        series = tuple(Series(f"d = {degree}", run, "pretrained") for degree, run in runs)
        yield Panel(study.title(target.dataset), series)
    four = tuple(Series(label, run, "pretrained") for label, run in _four_targets(study))
    yield Panel("domain and cross-domain", four)


def both_references(study: Study) -> Iterator[Panel]:
    """Show the similarity to the pre-trained and to the initial network for each of the four main target tasks."""
    for label, run in _four_targets(study):
        series = (Series("to pre-trained weights", run, "pretrained"), Series("to initial weights", run, "init"))
        yield Panel(label, series)


def _four_targets(study: Study) -> Iterator[tuple[str, str]]:
    """Yield label and run of fine-tunings on true, most random and shifted labels, and on another data set."""
    domain, cross = study.config.finetune.domain, study.config.finetune.cross_domain
    shown = [
        *((DOMAIN, Transform("random", degree)) for degree in sorted({min(domain.random), max(domain.random)})),
        *((DOMAIN, transform) for transform in study.transforms(DOMAIN) if transform.kind == "shift"),
        (CROSS_DOMAIN, Transform("random", min(cross.random))),
    ]
    for role, transform in shown:
        title = study.title(getattr(study.config.finetune, role).dataset)
        labels = "shifted" if transform.kind == "shift" else f"d = {transform.value}"
        yield f"{title}, {labels}", study.target_run(role, transform).name


def controls(study: Study) -> Iterator[Panel]:
    """Show the controls that the config asks for. The paper does not have them."""
    asked = study.config.controls
    steps = asked.matched_steps if study.trains_source else None
    if steps:
        degree = max(study.config.pretrain.sizes_random)
        yield Panel(f"sizes at {steps:,} steps each, d = {degree}", _sizes(study, degree, steps))
    transform = study.most_random
    tuned = study.target_run(DOMAIN, transform).name
    if asked.scratch:
        scratch = study.target_run(DOMAIN, transform, parent=INITIAL).name
        yield Panel(
            f"change from the start, d = {transform.value}",
            (Series("from pre-trained weights", tuned, "pretrained"), Series("from initial weights", scratch, "init")),
        )
    if asked.independent:
        yield Panel(
            f"fine-tuned on d = {transform.value}",
            (
                Series("to the pre-trained network", tuned, "pretrained"),
                Series("to its own initialisation", tuned, "init"),
                Series("to an unrelated random network", tuned, "independent"),
            ),
        )


def controls_in_words(study: Study) -> str:
    """Return the names of the controls for the caption."""
    asked = study.config.controls
    parts = [
        "the numbers of training images at equal numbers of steps" if asked.matched_steps else "",
        "the change from where training started, for pre-trained and for initial weights" if asked.scratch else "",
        "the similarity of a fine-tuned network to an unrelated random one" if asked.independent else "",
    ]
    return "; ".join(part for part in parts if part)


def layers(networks: Sequence[Checkpoint], runs: Mapping[str, Run]) -> Iterator[Panel]:
    """Show the similarity of all layers within the initial, pre-trained and fine-tuned networks, and between them."""
    initial, pretrained, *tuned = (run for run, _ in networks)
    names = {initial: "initial", pretrained: "pre-trained"}
    for run in tuned:
        names[run] = f"fine-tuned, {_degree(runs[run])}"
    between = [(pretrained, initial), *((run, pretrained) for run in tuned), (tuned[-1], initial)]
    for run, reference in [*((run, run) for run in names), *between]:
        title = names[run] if run == reference else f"{names[run]}, and {names[reference]}"
        yield Panel(title, (Series("", run, reference),))


def sensitivity(study: Study, main_runs: Sequence[Run]) -> Iterator[Panel]:
    """Show the main comparisons, which are those of the claims G1, G6, G8 and G15, for the study and its variants."""
    labels = [study.own.label, *study.alike]
    for run in main_runs:
        scratch = run.parent == INITIAL
        references = ["init"] if scratch else ["pretrained"]
        if not scratch and run.task.transform == study.most_random:
            references.append("init")
        for reference in references:
            how = "from scratch" if scratch else "fine-tuned"
            to = {"init": "initial", "pretrained": "pre-trained"}[reference]
            names = [run.name, *(study.in_variant(run, name).name for name in study.alike)]
            series = tuple(Series(label, name, reference) for label, name in zip(labels, names, strict=True))
            yield Panel(f"{how}, {_degree(run)}, to {to} weights", series)


def _degree(run: Run) -> str:
    return f"d = {run.task.transform.value}"
