"""The experiment on Chen et al. (2022): its trainings and their groups, tables and figures.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.transferability.specs import NetworksSpec, RegressionSpec, Trained
from repdrift.experiments.transferability.tables import (
    EPOCHS,
    LAYERS,
    REGRESSION,
    STEPS,
    TRUE_LABELS,
    TUNED,
    as_in_the_paper,
)
from repdrift.study.figure import Figure
from repdrift.study.phrases import intervals_and_seeds, intervals_in_words
from repdrift.study.runs import INDEPENDENT, INITIAL, Checkpoint, Run
from repdrift.study.study import Study
from repdrift.study.tasks import Task, Transform

# The groups of trainings: on whole targets with true labels, of each sweep, and from the initial weights. A training
# can belong to several groups.
TARGET, CLASSES, SCRATCH = "target", "classes", "scratch"
GROUPS = (TARGET, EPOCHS, STEPS, CLASSES, SCRATCH)


@dataclass(frozen=True)
class Settings:
    """The section ``transferability`` of the config."""

    targets: tuple[str, ...]
    sweeps: tuple[str, ...]
    sizes: tuple[int, ...]
    steps: int
    classes: tuple[int, ...]
    class_images: int


class Transferability(Experiment):
    """The transferability T: how much closer to the fine-tuned weights the pre-trained weights are than the initial."""

    folder = Path(__file__).parent
    heading = "Transferability of layers (Chen et al. 2022)"
    claims_figure = "transferability_claims"
    tables = (LAYERS, REGRESSION)

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.settings = settings
        self.steps = settings.steps
        self.targets = study.datasets_of(settings.targets)
        self.sweeps = self.chosen(study.datasets_of(settings.sweeps), self.targets)

    # Trainings

    def runs(self) -> Iterator[Run]:
        for group in GROUPS:
            yield from self.group(group)

    def group(self, name: str) -> Iterator[Run]:
        """Yield the trainings of a group."""
        if name == TARGET:
            yield from map(self.whole, self.targets)
        for dataset in self.sweeps:
            if name in (EPOCHS, STEPS):
                yield from (self.sized(dataset, size, name) for size in self.sizes(dataset))
            if name == CLASSES:
                yield from (self.with_classes(dataset, classes) for classes in self.classes)
            if name == SCRATCH:
                yield self.study.trained_on(self.study.target_task(dataset), INITIAL)

    @property
    def measured(self) -> dict[str, Run]:
        """All trainings whose T is measured, by name: these, and the fine-tunings of the paper's own figures."""
        return {run.name: run for run in (*self.study.fine_tunings, *self.runs())}

    def whole(self, dataset: str) -> Run:
        """Return the fine-tuning on all training images of a target with their true labels."""
        return self.study.trained_on(self.study.target_task(dataset))

    def sizes(self, dataset: str) -> list[int]:
        """Return the numbers of training images, ascending, each at most the number that the target has."""
        most = self.study.target_task(dataset).size
        return sorted({min(size, most) for size in self.settings.sizes})

    def sized(self, dataset: str, size: int, equal: str) -> Run:
        """Return the fine-tuning on the first images of a target, for the usual epochs or a fixed number of steps."""
        task = self.study.target_task(dataset, size=size)
        return self.study.trained_on(task, steps=self.steps if equal == STEPS else None)

    @property
    def classes(self) -> list[int]:
        return sorted(self.settings.classes)

    def with_classes(self, dataset: str, classes: int) -> Run:
        """Return the fine-tuning on a fixed number of images of the first classes of a target."""
        return self.study.trained_on(self.study.target_task(dataset, size=self.settings.class_images, classes=classes))

    # Inputs and files of the tables

    @property
    def references(self) -> dict[str, Checkpoint]:
        """The networks whose weights are compared with trained weights, by name."""
        return {"init": INITIAL, "pretrained": (self.study.pretrained, "final"), "independent": INDEPENDENT}

    @property
    def datasets(self) -> list[str]:
        """The data sets of the targets that networks are trained on."""
        return list(dict.fromkeys(run.task.dataset for run in self.measured.values()))

    def runs_on(self, dataset: str) -> dict[str, Run]:
        return {name: run for name, run in self.measured.items() if run.task.dataset == dataset}

    def domains(self, dataset: str) -> dict[str, Task]:
        """Return the domains of a target by name. A domain is all or some of its classes.

        A domain is represented by the largest task with these classes.
        """
        found: dict[str, Task] = {}
        for run in self.runs_on(dataset).values():
            name = domain(run.task)
            found[name] = max(found.get(name, run.task), run.task, key=lambda task: task.size)
        return found

    def domain_tasks(self, dataset: str) -> list[Task]:
        """Return the tasks whose features are compared: that of the source, and one for each domain of a target."""
        return [self.study.scratch_run(0).task, *self.domains(dataset).values()]

    def networks(self, dataset: str, seed: int | str) -> list[str]:
        """List the paths of the weights of the references, and then of the trained networks."""
        trained = ((name, "final") for name in self.runs_on(dataset))
        return [self.study.model(found, seed) for found in (*self.references.values(), *trained)]

    def task_files(self, dataset: str, seed: int | str) -> list[str]:
        """List the files of the tasks whose features are compared."""
        return [self.study.labels(task.name, seed) for task in self.domain_tasks(dataset)]

    def images(self, dataset: str) -> list[str]:
        """List the files of the images of these tasks."""
        return [self.study.images(task.dataset, task.train.split) for task in self.domain_tasks(dataset)]

    def file(self, dataset: str, seed: int | str) -> str:
        return f"{self.study.folder}/transferability/{dataset}/seed{seed}.csv"

    @property
    def files(self) -> dict[str, str]:
        """The titles of the images in the tables of all targets and seeds, by path."""
        return {
            self.file(dataset, seed): self.study.title(dataset)
            for dataset in self.datasets
            for seed in self.study.seeds
        }

    @property
    def regression(self) -> str:
        return f"{self.study.folder}/transferability/regression.csv"

    def networks_spec(self, dataset: str, seed: int) -> NetworksSpec:
        return NetworksSpec(
            seed=seed,
            network=self.study.measured_network(self.study.pretrained),
            references=tuple(self.references),
            runs=tuple(self.described(run) for run in self.runs_on(dataset).values()),
            domains=tuple(self.domains(dataset)),
            images=self.settings.class_images,
        )

    def regression_spec(self) -> RegressionSpec:
        return RegressionSpec(tuple(self.files.values()))

    def described(self, run: Run) -> Trained:
        """Return the columns that tell what a network was trained on."""
        groups = [name for name in GROUPS if run.name in {member.name for member in self.group(name)}]
        return Trained(
            run=run.name,
            labels=labels(run.task.transform),
            network="from scratch" if run.parent == INITIAL else TUNED,
            groups=" ".join(groups),
            size=run.task.size,
            classes=run.task.classes or self.study.classes_of(run.task.dataset),
            steps=run.steps,
            domain=domain(run.task),
        )

    @property
    def regressed(self) -> list[Trained]:
        """The fine-tunings in the regression of the paper: true labels, and the usual number of epochs."""
        every = map(self.described, self.measured.values())
        return [each for each in every if each.network == TUNED and as_in_the_paper(each.labels, each.groups)]

    # Figures

    def figures(self) -> Iterator[Figure]:
        rows: dict[str, dict[str, object]] = {path: {"images": title} for path, title in self.files.items()}
        tuned = [run for run in self.study.fine_tunings if run.parent != INITIAL]
        compared: dict[str, dict[str, object]] = {
            self.study.similarity(run.task.role, run.name, seed): {} for run in tuned for seed in self.study.seeds
        }
        decay = self.study.config.training.weight_decay
        phrases = {
            "decay": f"with a weight decay of {decay:g}" if decay else "without weight decay",
            "steps": f"{self.steps:,}",
            "class_images": f"{self.settings.class_images:,}",
            "fine_tunings": str(len(self.regressed)),
            "domains": str(len({each.domain for each in self.regressed})),
            "intervals": intervals_in_words(len(self.study.seeds), log=True),
            "points": intervals_and_seeds(len(self.study.seeds), "points", log=True),
        }
        make = self.figure
        yield make("transferability_layers", "Transferability of layers", rows, phrases=phrases)
        yield make("transferability_data", "Transferability and data", rows, phrases=phrases)
        yield make("transferability_gap", "Transferability and domains", {self.regression: {}}, phrases=phrases)
        yield make("weights_vs_representations", "Weights and representations", {**rows, **compared}, phrases=phrases)
        yield make("transferability_claims", "Claims on transferability", {}, drawing="claims")


def domain(task: Task) -> str:
    """Return the name of the domain of a task: its data set, and its number of classes if it has not all."""
    return f"{task.dataset}-classes{task.classes}" if task.classes else task.dataset


def labels(transform: Transform) -> str:
    """Return the label transform of a task in words."""
    if transform.kind == "shift":
        return "shifted labels"
    return f"random labels, d = {transform.value}" if transform.value else TRUE_LABELS
