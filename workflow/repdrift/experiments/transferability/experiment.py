"""How transferable are the parameters? (Chen et al. 2022): networks, groups of them, and files.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.transferability.specs import NetworksSpec, RegressionSpec, Trained
from repdrift.experiments.transferability.tables import LAYERS, REGRESSION, TUNED
from repdrift.study.figure import Figure
from repdrift.study.runs import INDEPENDENT, INITIAL, Checkpoint, Run
from repdrift.study.study import Study
from repdrift.study.tasks import Task, Transform

# Groups of trainings. A training can belong to several: to those on whole targets with their true labels, to those of
# each sweep, and to those from the initial weights.
TARGET, EPOCHS, STEPS, CLASSES, SCRATCH = "target", "epochs", "steps", "classes", "scratch"
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
    """How much closer pre-training brings the weights to those that fine-tuning ends with."""

    folder = Path(__file__).parent
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
        """Trainings of a group."""
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
        """All trainings of which T is taken, by name: those on targets that the paper's figures show, and these."""
        return {run.name: run for run in (*self.study.fine_tunings, *self.runs())}

    def whole(self, dataset: str) -> Run:
        """Fine-tuning on all training images of a target, with their true labels."""
        return self.study.trained_on(self.study.target_task(dataset))

    def sizes(self, dataset: str) -> list[int]:
        """Numbers of training images, at most what the target has."""
        most = self.study.target_task(dataset).size
        return sorted({min(size, most) for size in self.settings.sizes})

    def sized(self, dataset: str, size: int, equal: str) -> Run:
        """Fine-tuning on the first images of a target, for the usual epochs or for `steps`."""
        task = self.study.target_task(dataset, size=size)
        return self.study.trained_on(task, steps=self.steps if equal == STEPS else None)

    @property
    def classes(self) -> list[int]:
        return sorted(self.settings.classes)

    def with_classes(self, dataset: str, classes: int) -> Run:
        """Fine-tuning on images of the first classes of a target, always as many."""
        return self.study.trained_on(self.study.target_task(dataset, size=self.settings.class_images, classes=classes))

    # What is made of them

    @property
    def references(self) -> dict[str, Checkpoint]:
        """What trained weights are held against, by name."""
        return {"init": INITIAL, "pretrained": (self.study.pretrained, "final"), "independent": INDEPENDENT}

    @property
    def datasets(self) -> list[str]:
        """Targets that were trained on."""
        return list(dict.fromkeys(run.task.dataset for run in self.measured.values()))

    def runs_on(self, dataset: str) -> dict[str, Run]:
        return {name: run for name, run in self.measured.items() if run.task.dataset == dataset}

    def domains(self, dataset: str) -> dict[str, Task]:
        """Domains of a target, all or some of its classes, by name: the largest task of those without other classes."""
        found: dict[str, Task] = {}
        for run in self.runs_on(dataset).values():
            name = domain(run.task)
            found[name] = max(found.get(name, run.task), run.task, key=lambda task: task.size)
        return found

    def featured(self, dataset: str) -> list[Task]:
        """Tasks whose images are looked at: of the source, and of each domain."""
        return [self.study.scratch_run(0).task, *self.domains(dataset).values()]

    def networks(self, dataset: str, seed: int | str) -> list[str]:
        """Files of the references and of the trained networks."""
        trained = ((name, "final") for name in self.runs_on(dataset))
        return [self.study.model(found, seed) for found in (*self.references.values(), *trained)]

    def task_files(self, dataset: str, seed: int | str) -> list[str]:
        """Files of the tasks whose images are looked at."""
        return [self.study.labels(task.name, seed) for task in self.featured(dataset)]

    def images(self, dataset: str) -> list[str]:
        """Files of these images."""
        return [self.study.images(task.dataset, task.train.split) for task in self.featured(dataset)]

    def file(self, dataset: str, seed: int | str) -> str:
        return f"{self.study.folder}/transferability/{dataset}/seed{seed}.csv"

    @property
    def files(self) -> dict[str, str]:
        """Title of the images for each of these files."""
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
            network=self.study.network,
            references=tuple(self.references),
            runs=tuple(self.described(run) for run in self.runs_on(dataset).values()),
            domains=tuple(self.domains(dataset)),
            images=self.settings.class_images,
            bn=self.study.config.probe.bn,
        )

    def regression_spec(self) -> RegressionSpec:
        return RegressionSpec(tuple(self.files.values()))

    def described(self, run: Run) -> Trained:
        """Say what a network was trained on."""
        groups = [name for name in GROUPS if run.name in {member.name for member in self.group(name)}]
        return Trained(
            run=run.name,
            labels=labels(run.task.transform),
            network="from scratch" if run.parent == INITIAL else TUNED,
            groups=" ".join(groups),
            size=run.task.size,
            classes=run.task.classes or self.study.classes,
            steps=run.steps,
            domain=domain(run.task),
        )

    # Figures

    def figures(self) -> Iterator[Figure]:
        rows: dict[str, dict[str, object]] = {path: {"images": title} for path, title in self.files.items()}
        tuned = [run.name for run in self.study.fine_tunings if run.parent != INITIAL]
        compared: dict[str, dict[str, object]] = {
            self.study.similarity(name, seed): {} for name in tuned for seed in self.study.seeds
        }
        phrases = {"steps": f"{self.steps:,}", "class_images": f"{self.settings.class_images:,}"}
        make = self.figure
        yield make("transferability_layers", "Transferability of layers", rows)
        yield make("transferability_data", "Transferability and data", rows, phrases=phrases)
        yield make("transferability_gap", "Transferability and domains", {self.regression: {}}, phrases=phrases)
        yield make("weights_vs_representations", "Weights and representations", {**rows, **compared})
        yield make("transferability_claims", "Claims on transferability", {}, drawing="claims")


def domain(task: Task) -> str:
    """Name of what a task's images are of."""
    return f"{task.dataset}-classes{task.classes}" if task.classes else task.dataset


def labels(transform: Transform) -> str:
    """Labels of a task in words."""
    if transform.kind == "shift":
        return "shifted labels"
    return f"random labels, d = {transform.value}" if transform.value else "true labels"
