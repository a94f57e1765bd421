"""Makers of the specs of the programs that all experiments share, see `repdrift.specs`.

Each function returns the spec of one job of a plan.

The Snakefile imports this module, so it needs nothing heavy.
"""

from pathlib import Path

from repdrift import specs
from repdrift.claims.contrasts import histories_of
from repdrift.data import folders
from repdrift.data.readers import FOLDER, source_split
from repdrift.plan.plan import Plan
from repdrift.similarity.registry import needs_features
from repdrift.study.architectures import HALF
from repdrift.study.figure import Figure
from repdrift.study.lengths import inches
from repdrift.study.runs import INDEPENDENT, INDEPENDENT_2, INITIAL, Run, variant_of
from repdrift.study.sections import Pixels, without_defaults
from repdrift.study.studied import is_fine_tuned, labels_of, start_in_words, studied, title_of
from repdrift.study.tasks import SIDE

USUAL_PIXELS = Pixels(SIDE, HALF, HALF)  # what old configs, which do not say it, mean
PURPOSES = {
    INITIAL[0]: "initialisation",
    INDEPENDENT[0]: "independent initialisation",
    INDEPENDENT_2[0]: "second independent initialisation",
}


def dataset(plan: Plan, store: str, split: str) -> specs.DataSetSpec:
    study = plan.study
    settings = study.settings(study.stores[store])
    if settings["reader"] == FOLDER:
        # The spec, and not the rule, names the pictures: Snakemake would print thousands of inputs.
        settings["pictures"] = folders.digest(Path(settings[source_split(settings, split)]))
    return specs.DataSetSpec(settings, split)


def task(plan: Plan, name: str, seed: int) -> specs.TaskSpec:
    task = plan.tasks[name]
    classes = plan.study.config.datasets[task.dataset].classes
    return specs.TaskSpec(
        task=name,
        dataset=task.dataset,
        train=task.train,
        test=task.test,
        labels={task.transform.kind: task.transform.amount(seed, classes)},
        classes=classes,
        kept=specs.Kept(task.classes, task.images),
        shuffle=task.shuffle,
        seed=seed,
    )


def initialise(plan: Plan, weights: str, seed: int) -> specs.InitialiseSpec:
    kind = weights.removeprefix(f"{variant_of(weights)}/")
    return specs.InitialiseSpec(plan.study.network_of(weights), PURPOSES[kind], seed)


def weights(plan: Plan) -> specs.WeightsSpec:
    study, given = plan.study, plan.study.config.weights
    if given is None:
        raise ValueError("the study trains its own network")
    return specs.WeightsSpec(study.network, given.file, given.prefix)


def train(plan: Plan, name: str, seed: int) -> specs.TrainSpec:
    run = plan.runs[name]
    usual = vars(plan.study.choice(name).training)
    settings = usual if run.learning_rate is None else usual | {"learning_rate": run.learning_rate}
    training = specs.TrainingSettings(**settings, steps=run.steps, test_every=run.test_every)
    return specs.TrainSpec(
        run=name,
        task=run.task.name,
        network=plan.study.network_of(name, plan.study.classes_of(run.task.dataset)),
        head=run.head,
        training=training,
        checkpoints=run.checkpoints,
        order=run.order,
        seed=seed,
        train=run.train,
    )


def activations(plan: Plan, role: str, run: str) -> specs.ActivationsSpec:
    _, probe = plan.study.probe(role)
    calibration, reduce = plan.study.calibration(role), plan.study.config.probe.reduce
    features = any(map(needs_features, plan.study.config.similarity.estimators))
    return specs.ActivationsSpec(plan.measured_network(run), probe, calibration, reduce, features)


def similarity(plan: Plan, role: str, name: str, seed: int) -> specs.SimilaritySpec:
    settings = plan.study.config.similarity
    return specs.SimilaritySpec(
        run=name,
        seed=seed,
        probe=role,
        references=tuple(plan.study.references(plan.runs[name])),
        estimators=settings.estimators,
        permutations=settings.permutations,
        halves=settings.halves,
        own=plan.study.own_code(settings.estimators),
    )


def table(figure: Figure) -> specs.TableSpec:
    return specs.TableSpec(tuple(figure.panels), tuple(figure.rows.values()))


def figure(plan: Plan, name: str) -> specs.FigureSpec:
    figure, asked = plan.figures[name], plan.study.config.figures
    width = None if asked.width is None else round(inches(asked.width), 4)
    return specs.FigureSpec(figure.name, figure.drawing, figure.network, width, asked.font)


def judge(plan: Plan, claims_figure: str) -> specs.JudgeSpec:
    claims = tuple(plan.claims[claims_figure])
    return specs.JudgeSpec(
        claims=claims,
        histories=histories_of(claims, plan.study.seeds),
        tables=plan.claim_tables(claims_figure),
        calibrated=plan.study.config.similarity.calibrated,
        regime=plan.regime(claims_figure),
    )


def report(plan: Plan) -> specs.ReportSpec:
    headings = {figure: one.heading for one in plan.experiments.values() for figure in plan.figures_of(one)}
    shown = [
        specs.ShownFigure(figure.name, figure.title, figure.caption, headings[figure.name], figure.name in plan.claims)
        for figure in plan.figures.values()
    ]
    config = plan.study.config
    usual = {"data", "keep", "figures"} | ({"images"} if config.images == USUAL_PIXELS else set())
    settings = {key: value for key, value in without_defaults(config.given, config).items() if key not in usual}
    trainings = tuple(_training(plan, run) for run in plan.runs.values())
    return specs.ReportSpec(config.study, title_of(plan.study), studied(plan.study), tuple(shown), trainings, settings)


def _training(plan: Plan, run: Run) -> specs.ShownTraining:
    return specs.ShownTraining(
        run=run.name,
        fine_tuned=is_fine_tuned(run),
        dataset=plan.study.title(run.task.dataset),
        labels=labels_of(run),
        start=start_in_words(plan.study, run),
        variant=variant_of(run.name),
        images=run.task.size,
        epochs=plan.study.epochs_of(run),
    )
