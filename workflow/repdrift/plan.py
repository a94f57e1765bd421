"""The plan of a study: config to runs, comparisons and file names; the one place that makes names and paths.

Standard library only: the Snakefile imports it.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class Part:
    """A contiguous range of images of one split."""

    split: str
    start: int
    stop: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Parse ``train[0:5000]``; the schema has checked its form."""
        split, _, bounds = text.rstrip("]").partition("[")
        start, stop = bounds.split(":")
        return cls(split, int(start), int(stop))

    def first(self, size: int) -> "Part":
        return Part(self.split, self.start, self.start + size)

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def spec(self) -> Spec:
        return {"split": self.split, "start": self.start, "stop": self.stop}


@dataclass(frozen=True)
class Task:
    """Images to train on, images to test on, and a label transform (``random`` d, or ``shift`` s or ``seed``)."""

    name: str
    dataset: str
    train: Part
    test: Part
    transform: tuple[str, int | str]

    @property
    def probe(self) -> str:
        """Name of the images on which representations are read: tasks that share their test images share it."""
        return f"{self.dataset}-{self.test.split}{self.test.start}"


@dataclass(frozen=True)
class Run:
    """One training, for every seed: a task, the checkpoint that it starts from, and its length in SGD steps."""

    name: str
    task: Task
    parent: tuple[str, str]
    steps: int
    test_every: int
    checkpoints: tuple[int, ...] = ()
    head: str = "keep"


@dataclass(frozen=True)
class Series:
    """A line of a figure: the similarity of a run's final network to a reference (or its history), and its label."""

    label: str
    run: str
    reference: str


@dataclass(frozen=True)
class Panel:
    title: str
    series: tuple[Series, ...]


class Plan:
    """Everything that a config asks for.

    Attributes
    ----------
    runs : dict of str to Run
    figures : dict of str to tuple of Panel
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.seeds: list[int] = list(config["seeds"])
        self.folder = f"results/{config['study']}"
        self.classes: int = config["datasets"][config["source"]["dataset"]]["classes"]
        self.runs: dict[str, Run] = {}
        self._add_pretraining()
        self._add_finetuning()
        self._add_controls()
        self.figures = dict(self._figures())

    # --- runs -------------------------------------------------------------------------------------------------------

    def _source_task(self, degree: int, size: int) -> Task:
        source = self.config["source"]
        whole = Part.parse(source["train"])
        suffix = "" if size == whole.size else f"-n{size}"
        name = source["dataset"] + suffix + random_suffix(degree)
        return Task(name, source["dataset"], whole.first(size), Part.parse(source["test"]), ("random", degree))

    def _target_task(self, kind: str, transform: tuple[str, int | str]) -> Task:
        target = self.config["finetune"][kind]
        name, value = transform
        if name == "random":
            suffix = random_suffix(int(value))
        else:
            suffix = "-shift" if value == "seed" else f"-shift{value}"
        parts = (Part.parse(target[part]) for part in ("train", "test"))
        return Task(f"target-{target['dataset']}{suffix}", target["dataset"], *parts, transform)

    def _add(self, run: Run) -> Run:
        return self.runs.setdefault(run.name, run)

    def _add_pretrained(self, degree: int, size: int, steps: int | None = None) -> Run:
        """Add a training from scratch on the source task, for the epochs of the config or for so many steps."""
        settings = self.config["pretrain"]
        task = self._source_task(degree, size)
        steps_per_epoch = self._steps_per_epoch(task)
        usual = settings["epochs"] * steps_per_epoch
        if steps in (None, usual):
            name, steps, test_every = task.name, usual, settings["test_every"]
        else:
            # As many measurements as in the other runs, however many epochs the steps make.
            name, epochs = f"{task.name}-steps{steps}", steps / steps_per_epoch
            test_every = max(1, round(settings["test_every"] * epochs / settings["epochs"]))
        checkpoints = self.checkpoint_epochs if name == self.pretrained else ()
        return self._add(Run(name, task, ("init", "init"), steps, test_every, checkpoints))

    def _add_pretraining(self) -> None:
        settings = self.config["pretrain"]
        for degree in dict.fromkeys([0, *settings["random"]]):
            self._add_pretrained(degree, self._source_size)
        for degree in settings["sizes_random"]:
            for size in settings["sizes"]:
                self._add_pretrained(degree, size)

    def _add_finetuned(self, task: Task, parent: tuple[str, str]) -> Run:
        settings = self.config["finetune"]
        name = f"{parent[0]}+{task.name.removeprefix('target-')}"
        steps = settings["epochs"] * self._steps_per_epoch(task)
        head = settings["head"] if parent[1] == "final" else "keep"
        return self._add(Run(name, task, parent, steps, settings["test_every"], head=head))

    def _add_finetuning(self) -> None:
        for kind in ("domain", "cross_domain"):
            for task in self._targets(kind):
                self._add_finetuned(task, (self.pretrained, "final"))

    def _targets(self, kind: str) -> Iterator[Task]:
        target = self.config["finetune"][kind]
        for degree in target["random"]:
            yield self._target_task(kind, ("random", degree))
        if target["shift"] is not None:
            yield self._target_task(kind, ("shift", target["shift"]))

    def _add_controls(self) -> None:
        controls = self.config["controls"]
        degrees = self.config["finetune"]["domain"]["random"]
        if controls["scratch"] and degrees:
            self._add_finetuned(self._target_task("domain", ("random", max(degrees))), ("init", "init"))
        if controls["matched_steps"]:
            degree = max(self.config["pretrain"]["sizes_random"])
            for size in self.config["pretrain"]["sizes"]:
                self._add_pretrained(degree, size, controls["matched_steps"])

    @property
    def pretrained(self) -> str:
        """Name of the run that is fine-tuned: the source task with its true labels."""
        return str(self.config["source"]["dataset"])

    @property
    def scratch_runs(self) -> list[str]:
        """Names of the other trainings on the source task."""
        return [name for name in self.runs if "+" not in name and name != self.pretrained]

    @property
    def finetuned_runs(self) -> list[str]:
        """Names of the trainings on the target tasks, from pre-trained or from initial weights."""
        return [name for name in self.runs if "+" in name]

    @property
    def checkpoint_epochs(self) -> tuple[int, ...]:
        """Epochs at which the weights of the source run are kept; figure 1 draws them."""
        settings = self.config["pretrain"]
        every = range(1, settings["epochs"] + 1)
        return tuple(every) if settings["checkpoints"] == "all" else tuple(sorted(set(settings["checkpoints"])))

    @property
    def _source_size(self) -> int:
        return Part.parse(self.config["source"]["train"]).size

    def _steps_per_epoch(self, task: Task) -> int:
        return math.ceil(task.train.size / self.config["training"]["batch_size"])

    def references(self, run: Run) -> dict[str, tuple[str, str]]:
        """Give what a run's final network is compared with: name of the reference to (run, checkpoint)."""
        found = {"init": ("init", "init")}
        if run.parent[1] == "final":
            found["pretrained"] = run.parent
            if self.config["controls"]["independent"]:
                found["independent"] = ("independent", "init")
        return found

    # --- figures ----------------------------------------------------------------------------------------------------

    def _figures(self) -> Iterator[tuple[str, tuple[Panel, ...]]]:
        config, source = self.config, self.pretrained
        degrees = [
            Series(f"d = {degree}", source + random_suffix(degree), "init") for degree in config["pretrain"]["random"]
        ]
        yield "fig1", (Panel("", (Series("", source, "init"),)),)
        yield "fig2", (Panel("", tuple(degrees)),)
        sizes = [
            Panel(f"training-set size, d = {degree}", self._sizes(degree, None))
            for degree in config["pretrain"]["sizes_random"]
        ]
        yield "fig3", (Panel("label randomness", tuple(degrees)), *sizes)
        yield "fig4", tuple(self._figure4())
        yield "fig5", tuple(
            Panel(
                label,
                (
                    Series("to pre-trained weights", run, "pretrained"),
                    Series("to initial weights", run, "init"),
                ),
            )
            for label, run in self._four_targets()
        )
        controls = tuple(self._control_panels())
        if controls:
            yield "controls", controls

    def _sizes(self, degree: int, steps: int | None) -> tuple[Series, ...]:
        return tuple(
            Series(f"N = {size:,}", self._add_pretrained(degree, size, steps).name, "init")
            for size in self.config["pretrain"]["sizes"]
        )

    def _finetuned_name(self, kind: str, transform: tuple[str, int | str]) -> str:
        return f"{self.pretrained}+{self._target_task(kind, transform).name.removeprefix('target-')}"

    def _figure4(self) -> Iterator[Panel]:
        for kind in ("domain", "cross_domain"):
            target = self.config["finetune"][kind]
            yield Panel(
                self.title(target["dataset"]),
                tuple(
                    Series(f"d = {degree}", self._finetuned_name(kind, ("random", degree)), "pretrained")
                    for degree in target["random"]
                ),
            )
        series = (Series(label, run, "pretrained") for label, run in self._four_targets())
        yield Panel("domain and cross-domain", tuple(series))

    def _four_targets(self) -> Iterator[tuple[str, str]]:
        """Label and run of the four tasks of figures 4c and 5: true, most random, shifted, other images."""
        domain, cross = (self.config["finetune"][kind] for kind in ("domain", "cross_domain"))
        title = self.title(domain["dataset"])
        for degree in dict.fromkeys(choose(min, domain["random"]) + choose(max, domain["random"])):
            yield f"{title}, d = {degree}", self._finetuned_name("domain", ("random", degree))
        if domain["shift"] is not None:
            yield f"{title}, shifted", self._finetuned_name("domain", ("shift", domain["shift"]))
        for degree in choose(min, cross["random"]):
            yield f"{self.title(cross['dataset'])}, d = {degree}", self._finetuned_name("cross_domain", ("random", degree))

    def _control_panels(self) -> Iterator[Panel]:
        controls, domain = self.config["controls"], self.config["finetune"]["domain"]
        steps = controls["matched_steps"]
        if steps:
            degree = max(self.config["pretrain"]["sizes_random"])
            yield Panel(f"sizes at {steps:,} steps each, d = {degree}", self._sizes(degree, steps))
        if not domain["random"]:
            return
        degree = max(domain["random"])
        tuned = self._finetuned_name("domain", ("random", degree))
        if controls["scratch"]:
            scratch = "init" + tuned.removeprefix(self.pretrained)
            yield Panel(
                f"change from the start, d = {degree}",
                (Series("from pre-trained weights", tuned, "pretrained"), Series("from initial weights", scratch, "init")),
            )
        if controls["independent"]:
            yield Panel(
                f"fine-tuned on d = {degree}, compared with",
                (
                    Series("the pre-trained network", tuned, "pretrained"),
                    Series("its own initialisation", tuned, "init"),
                    Series("an unrelated random network", tuned, "independent"),
                ),
            )

    def title(self, dataset: str) -> str:
        return str(self.config["datasets"][dataset]["title"])

    # --- specs: exactly the settings that a job uses ----------------------------------------------------------------

    def _shift(self, seed: int, value: int | str) -> int:
        return (seed - 1) % (self.classes - 1) + 1 if value == "seed" else int(value)

    @property
    def network(self) -> Spec:
        return {**self.config["network"], "classes": self.classes}

    def raw_files(self, store: str, split: str) -> list[str]:
        """Files of the user's own that a split is made of."""
        settings = self.dataset_spec(store, split)["dataset"]
        return [settings[split]] if settings["reader"] == "npz" else []

    def dataset_spec(self, store: str, split: str) -> Spec:
        """Spec of a decoded split, `store` being its folder's name."""
        for dataset in self.config["datasets"]:
            if self.store(dataset) == store:
                settings = self._dataset_settings(dataset)
                return {"dataset": {**settings, "title": self.title(dataset)}, "split": split}
        raise KeyError(store)

    def task_spec(self, name: str, seed: int) -> Spec:
        task = self.tasks[name]
        kind, value = task.transform
        return {
            "task": name,
            "dataset": task.dataset,
            "train": task.train.spec,
            "test": task.test.spec,
            "labels": {kind: self._shift(seed, value) if kind == "shift" else value},
            "classes": self.config["datasets"][task.dataset]["classes"],
            "seed": seed,
        }

    def init_spec(self, name: str, seed: int) -> Spec:
        purpose = {"init": "initialisation", "independent": "independent initialisation"}[name]
        return {"network": self.network, "purpose": purpose, "seed": seed}

    def train_spec(self, name: str, seed: int) -> Spec:
        run = self.runs[name]
        return {
            "run": name,
            "task": run.task.name,
            "network": self.network,
            "head": run.head,
            "training": {**self.config["training"], "steps": run.steps, "test_every": run.test_every},
            "checkpoints": list(run.checkpoints),
            "seed": seed,
        }

    # --- names of files ---------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> dict[str, Task]:
        return {run.task.name: run.task for run in self.runs.values()}

    def _dataset_settings(self, dataset: str) -> Spec:
        return {key: value for key, value in self.config["datasets"][dataset].items() if key != "title"}

    def store(self, dataset: str) -> str:
        """Folder name of a data set: its name and a hash of its settings, for studies share the folder."""
        digest = hashlib.sha256(canonical(self._dataset_settings(dataset)).encode()).hexdigest()
        return f"{dataset}-{digest[:8]}"

    def images(self, dataset: str, split: str) -> str:
        return f"results/datasets/{self.store(dataset)}/{split}.safetensors"

    def task_images(self, name: str) -> list[str]:
        """Files of a task's training and test images."""
        task = self.tasks[name]
        return [self.images(task.dataset, part.split) for part in (task.train, task.test)]

    def task_checksums(self, name: str) -> list[str]:
        return [path.removesuffix("safetensors") + "sha256" for path in self.task_images(name)]

    def model(self, run: str, seed: int | str, checkpoint: str) -> str:
        return f"{self.folder}/models/{run}/seed{seed}/{checkpoint}.safetensors"

    def parent(self, name: str, seed: int | str) -> str:
        run, checkpoint = self.runs[name].parent
        return self.model(run, seed, checkpoint)


def random_suffix(degree: int) -> str:
    return f"-random{degree}" if degree else ""


def choose(which: Any, degrees: list[int]) -> list[int]:  # noqa: ANN401
    """Apply min or max to a list that may be empty; the result is a list of at most one."""
    return [which(degrees)] if degrees else []
