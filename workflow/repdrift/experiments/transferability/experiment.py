"""Networks, groups and files of the experiment: which trainings there are, and what is made of them.

Standard library only: the Snakefile imports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.transferability import claims as chen2022
from repdrift.study.runs import INDEPENDENT, INITIAL, Checkpoint, Run
from repdrift.study.tasks import Transform

if TYPE_CHECKING:
    from repdrift.claims.contrasts import Claim
    from repdrift.plan.plan import Plan
    from repdrift.study.tasks import Task

# Groups of trainings, of which one can belong to several: those on whole targets with their true labels, those of each
# sweep, and those from the initial weights.
TARGET, EPOCHS, STEPS, CLASSES, SCRATCH = "target", "epochs", "steps", "classes", "scratch"
GROUPS = (TARGET, EPOCHS, STEPS, CLASSES, SCRATCH)


class Transferability(Experiment):
    """The experiment for a study whose config has the key ``transferability``."""

    titles: ClassVar = {
        "transferability_layers": "Transferability of layers",
        "transferability_data": "Transferability and data",
        "transferability_gap": "Transferability and domains",
        "weights_vs_representations": "Weights and representations",
        "transferability_claims": "Claims on transferability",
    }
    keys: ClassVar = {
        "transferability_layers": ("run", "reference", "measure", "item"),
        "transferability_gap": ("series", "measure", "item"),
    }

    def __init__(self, plan: Plan, config: Mapping[str, Any]) -> None:
        super().__init__(plan, config)
        self.steps: int = config["steps"]

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
                yield self.plan.trained_on(self.plan.target_task(dataset), INITIAL)

    @property
    def measured(self) -> dict[str, Run]:
        """All trainings of which T is taken, by name: those on targets that the paper's figures show, and these."""
        study = (self.plan.runs[name] for name in self.plan.usual_runs)
        return {run.name: run for run in (*(run for run in study if run.task.role != "source"), *self.runs())}

    def whole(self, dataset: str) -> Run:
        """Fine-tuning on all training images of a target, with their true labels."""
        return self.plan.trained_on(self.plan.target_task(dataset))

    def sizes(self, dataset: str) -> list[int]:
        """Numbers of training images, at most what the target has."""
        most = self.plan.target_task(dataset).size
        return sorted({min(size, most) for size in self.config["sizes"]})

    def sized(self, dataset: str, size: int, equal: str) -> Run:
        """Fine-tuning on the first images of a target, for the usual epochs or for `steps`."""
        task = self.plan.target_task(dataset, size=size)
        return self.plan.trained_on(task, steps=self.steps if equal == STEPS else None)

    @property
    def classes(self) -> list[int]:
        return sorted(self.config["classes"])

    def with_classes(self, dataset: str, classes: int) -> Run:
        """Fine-tuning on images of the first classes of a target, always as many."""
        return self.plan.trained_on(self.plan.target_task(dataset, size=self.config["class_images"], classes=classes))

    # What is made of them

    @property
    def references(self) -> dict[str, Checkpoint]:
        """What trained weights are held against, by name."""
        return {"init": INITIAL, "pretrained": (self.plan.pretrained, "final"), "independent": INDEPENDENT}

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
        return [self.plan.runs[self.plan.pretrained].task, *self.domains(dataset).values()]

    def networks(self, dataset: str, seed: int | str) -> list[str]:
        """Files of the references and of the trained networks."""
        trained = ((name, "final") for name in self.runs_on(dataset))
        return [self.plan.model(found, seed) for found in (*self.references.values(), *trained)]

    def task_files(self, dataset: str, seed: int | str) -> list[str]:
        """Files of the tasks whose images are looked at."""
        return [self.plan.labels(task.name, seed) for task in self.featured(dataset)]

    def images(self, dataset: str) -> list[str]:
        """Files of these images."""
        return [self.plan.images(task.dataset, task.train.split) for task in self.featured(dataset)]

    def file(self, dataset: str, seed: int | str) -> str:
        return f"{self.plan.folder}/transferability/{dataset}/seed{seed}.csv"

    @property
    def files(self) -> dict[str, str]:
        """Title of the images for each of these files."""
        return {
            self.file(dataset, seed): self.plan.title(dataset) for dataset in self.datasets for seed in self.plan.seeds
        }

    @property
    def regression(self) -> str:
        return f"{self.plan.folder}/transferability/regression.csv"

    def spec(self, dataset: str, seed: int) -> dict[str, Any]:
        """Spec of the table of one target and seed; `runs` says what was trained, in the order of `networks`."""
        return {
            "seed": seed,
            "network": self.plan.network,
            "references": list(self.references),
            "runs": [self.columns(run) for run in self.runs_on(dataset).values()],
            "domains": list(self.domains(dataset)),
            "images": self.config["class_images"],
            "bn": self.plan.config["probe"]["bn"],
        }

    def columns(self, run: Run) -> dict[str, Any]:
        """What was trained; `domain` is that of its images."""
        groups = [name for name in GROUPS if run.name in {member.name for member in self.group(name)}]
        return {
            "run": run.name,
            "labels": labels(run.task.transform),
            "network": "from scratch" if run.parent == INITIAL else "fine-tuned",
            "groups": " ".join(groups),
            "size": run.task.size,
            "classes": run.task.classes or self.plan.classes,
            "steps": run.steps,
            "domain": domain(run.task),
        }

    # Figures

    def rows(self, figure: str) -> dict[str, dict[str, object]]:
        """Files behind a figure's table, each with the columns that are to be added to it."""
        found: dict[str, dict[str, object]] = {path: {"images": title} for path, title in self.files.items()}
        if figure == "transferability_gap":
            return {self.regression: {}}
        if figure == "weights_vs_representations":
            compared = [name for name in self.measured if name in self.plan.usual_runs and self.tuned(name)]
            found |= {self.plan.similarity(name, seed): {} for name in compared for seed in self.plan.seeds}
        return found

    def tuned(self, name: str) -> bool:
        return self.measured[name].parent != INITIAL

    def caption(self, figure: str) -> str:
        """What a figure shows, in whole sentences."""
        measure = (
            "T = D(initial, fine-tuned) / D(pre-trained, fine-tuned), D the mean absolute difference of a layer's "
            "convolution weights; overall: mean of the convolutions."
        )
        usual = f"Fine-tuned for {self.epochs} epochs."
        return {
            "transferability_claims": (
                "Every claim of Chen et al. (2022) that can be judged here, and some of ours: the paired differences "
                "behind it, in the direction of the claim, and what they say."
            ),
            "transferability_layers": (
                f"{measure} Below: D the Euclidean distance. The head is no part of overall. Controls: an independent "
                "random network in place of the pre-trained one (1 if training had forgotten where it began), and a "
                f"network trained from the initial weights in place of the fine-tuned one. {usual}"
            ),
            "transferability_data": (
                f"{measure} Training on the first N images of a target, for {self.epochs} epochs each and for "
                f"{self.steps:,} steps each; and on {self.config['class_images']:,} images of the first classes alone."
            ),
            "transferability_gap": (
                f"{measure} Overall T of every fine-tuning against the gap (squared Fréchet distance of the "
                "pre-trained network's features pool4 between images of the source and of the target), the width "
                f"(trace of their covariance; both are ours, on {self.config['class_images']:,} images each, and know "
                "no labels), and the number of images. Below: regressions of ln T on z-scores of these."
            ),
            "weights_vs_representations": (
                "For each fine-tuning and layer: how far the convolution's weights moved from the pre-trained ones "
                "(Euclidean distance, relative to their norm), and how much the representation after it changed "
                f"(1 - CKA to the pre-trained network). {usual}"
            ),
        }[figure]

    def claims(self) -> list[Claim]:
        """Claims R1 to R7."""
        return chen2022.claims(self)


def domain(task: Task) -> str:
    """Name of what a task's images are of."""
    return f"{task.dataset}-classes{task.classes}" if task.classes else task.dataset


def labels(transform: Transform) -> str:
    """Labels of a task in words."""
    if transform.kind == "shift":
        return "shifted labels"
    return f"random labels, d = {transform.value}" if transform.value else "true labels"
