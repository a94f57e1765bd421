"""The plan of a study: config to runs, tasks, references, and what is made of them.

Standard library only: the Snakefile imports it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from repdrift.experiments import experiments, together
from repdrift.study.files import Files
from repdrift.study.runs import BETWEEN, INDEPENDENT, INITIAL, Checkpoint, Run, in_block
from repdrift.study.tasks import CALIBRATION_IMAGES, Part, Task, Transform, shuffled

ROLES = ("source", "domain", "cross_domain")
OTHERS = "others"  # role of the target tasks that only the experiments have
TRUE = Transform("random", 0)
STEP_SECONDS = 0.055  # on one core, with 32 images: docs/cluster.md


class Plan(Files):
    """Everything that a (checked) config asks for.

    Attributes
    ----------
    seeds : list of int
    runs : dict of str to Run
        All trainings, in the order in which the figures name them.
    paper_runs : list of str
        Names of those that the paper's own figures show.
    experiments : dict of str to Experiment
        What else the config asks for.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.seeds: list[int] = list(config["seeds"])
        self.classes: int = config["datasets"][config["source"]["dataset"]]["classes"]
        self.network = {**config["network"], "classes": self.classes}
        # A study that has one of them itself does not train it twice.
        self.other_blocks = [block for block in config["sensitivity"]["blocks"] if block != self.network["block"]]
        of_paper = list(self._runs())
        self.paper_runs = list(dict.fromkeys(run.name for run in of_paper))
        self.experiments = experiments(self)
        added = (run for experiment in self.experiments.values() for run in experiment.runs())
        self.runs = together([*of_paper, *added])
        of_runs = (run.task for run in self.runs.values())
        more = (task for experiment in self.experiments.values() for task in experiment.tasks())
        self.tasks = {task.name: task for task in (*of_runs, *more)}

    # Runs

    def _runs(self) -> Iterator[Run]:
        pretrain, controls = self.config["pretrain"], self.config["controls"]
        for degree in dict.fromkeys([0, *pretrain["random"]]):
            yield self.scratch_run(degree)
        for degree in pretrain["sizes_random"]:
            for size in pretrain["sizes"]:
                yield self.scratch_run(degree, size)
        for role in ROLES[1:]:
            for transform in self.transforms(role):
                yield self.target_run(role, transform)
        if controls["scratch"]:
            yield self.target_run("domain", self.most_random, parent=INITIAL)
        if controls["matched_steps"]:
            for size in pretrain["sizes"]:
                yield self.scratch_run(max(pretrain["sizes_random"]), size, controls["matched_steps"])
        for block in self.other_blocks:
            for run in self.main_runs:
                yield in_block(run, block)

    def scratch_run(self, degree: int, size: int | None = None, steps: int | None = None) -> Run:
        """Training from the initial weights on the first `size` source images, for the config's epochs or `steps`."""
        settings, source = self.config["pretrain"], self.config["source"]
        whole = Part.parse(source["train"])
        size = size or whole.size
        transform = Transform("random", degree)
        name = source["dataset"] + ("" if size == whole.size else f"-n{size}") + transform.suffix
        task = Task(name, "source", source["dataset"], whole.first(size), Part.parse(source["test"]), transform)
        epoch = self._steps_per_epoch(task)
        usual = settings["epochs"] * epoch
        if steps is None or steps == usual:
            kept = self.checkpoint_epochs if name == self.pretrained else ()
            return Run(name, task, INITIAL, usual, settings["test_every"], kept)
        test_every = self._as_often(settings["test_every"], steps, usual)
        return Run(f"{name}-steps{steps}", task, INITIAL, steps, test_every)

    def target_run(self, role: str, transform: Transform, parent: Checkpoint | None = None) -> Run:
        """Training on a target task of the paper: fine-tuning of the pre-trained network, or from another parent."""
        return self.trained_on(self.target_task(self.config["finetune"][role]["dataset"], transform), parent)

    def target_task(
        self,
        dataset: str,
        transform: Transform = TRUE,
        *,
        size: int | None = None,
        shuffle: int | None = None,
        classes: int | None = None,
    ) -> Task:
        """Task on a target: on the first `size` of its training images, or all (`classes`: of the first classes)."""
        role, target = self.targets[dataset]
        train, test = Part.parse(target["train"]), Part.parse(target["test"])
        size = min(size or train.size, train.size)
        name = dataset if size == train.size else f"{dataset}-n{size}"
        name += transform.suffix + shuffled(shuffle)
        if classes in (None, self.classes):
            return Task(f"target-{name}", role, dataset, train.first(size), test, transform, shuffle)
        return Task(f"target-{name}-classes{classes}", role, dataset, train, test, transform, shuffle, classes, size)

    def trained_on(
        self,
        task: Task,
        parent: Checkpoint | None = None,
        *,
        epochs: int | None = None,
        steps: int | None = None,
        order: int = 1,
        checkpoints: tuple[int, ...] = (),
    ) -> Run:
        """Training on a target task, for the epochs of fine-tuning, other epochs, or `steps`.

        From the pre-trained network, or from another parent, whose head is kept in any case.
        """
        settings = self.config["finetune"]
        start = parent or (self.pretrained, "final")
        name = start[0] + (f"@{start[1].removeprefix('epoch')}" if start[1].startswith("epoch") else "")
        name = f"{name}+{task.name.removeprefix('target-')}"
        usual = settings["epochs"] * self._steps_per_epoch(task)
        length, test_every = usual, settings["test_every"]
        if epochs not in (None, settings["epochs"]):
            name, length = f"{name}-epochs{epochs}", (epochs or 0) * self._steps_per_epoch(task)
        elif steps not in (None, usual):
            name, length = f"{name}-steps{steps}", steps or 0
            test_every = self._as_often(test_every, length, usual)
        if order > 1:
            name = f"{name}-order{order}"
        head = settings["head"] if parent is None else "keep"
        return Run(name, task, start, length, test_every, checkpoints, head, order)

    def datasets_of(self, roles: Iterable[str]) -> list[str]:
        """Target data sets of some roles."""
        return [dataset for wanted in roles for dataset, (role, _) in self.targets.items() if role == wanted]

    @cached_property
    def targets(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Role and ranges of each target, by data set."""
        settings = self.config["finetune"]
        found = [(role, settings[role]) for role in ROLES[1:]] + [(OTHERS, target) for target in settings["others"]]
        return {target["dataset"]: (role, target) for role, target in found}

    @staticmethod
    def _as_often(test_every: int, steps: int, usual: int) -> int:
        """Measure as many times as a training of the usual length, however many epochs the steps make."""
        return max(1, round(test_every * steps / usual))

    def _steps_per_epoch(self, task: Task) -> int:
        batch_size: int = self.config["training"]["batch_size"]
        return math.ceil(task.size / batch_size)

    def transforms(self, role: str) -> list[Transform]:
        """Label transforms of the target tasks of a role."""
        target = self.config["finetune"][role]
        shifts = [] if target["shift"] is None else [Transform("shift", target["shift"])]
        return [Transform("random", degree) for degree in target["random"]] + shifts

    @property
    def main_runs(self) -> list[Run]:
        """The study in small: the true and the most random labels, from scratch and in fine-tuning."""
        degrees = sorted({0, max(self.config["pretrain"]["random"])})
        targets = sorted({min(self.config["finetune"]["domain"]["random"]), int(self.most_random.value)})
        return [
            *(self.scratch_run(degree) for degree in degrees),
            *(self.target_run("domain", Transform("random", degree)) for degree in targets),
        ]

    def network_of(self, name: str) -> dict[str, Any]:
        """Settings of the network of a run, or of initial weights, by name."""
        block, between, _ = name.rpartition(BETWEEN)
        return {**self.network, "block": block} if between else self.network

    @property
    def initial_weights(self) -> list[str]:
        """Names of the weights before any training."""
        kinds = [INITIAL[0], INDEPENDENT[0]]
        return kinds + [f"{block}{BETWEEN}{kind}" for block in self.other_blocks for kind in kinds]

    @property
    def most_random(self) -> Transform:
        return Transform("random", max(self.config["finetune"]["domain"]["random"]))

    @property
    def pretrained(self) -> str:
        """Name of the run that is fine-tuned: the source task with its true labels."""
        return str(self.config["source"]["dataset"])

    @property
    def scratch_runs(self) -> list[str]:
        """Names of the other trainings on the source images."""
        return [name for name, run in self.runs.items() if run.task.role == "source" and name != self.pretrained]

    @property
    def target_runs(self) -> list[str]:
        """Names of the trainings on target tasks of which the final weights are kept."""
        return [name for name, run in self.runs.items() if run.task.role != "source" and not run.checkpoints]

    @property
    def path_runs(self) -> list[str]:
        """Names of those of which weights on the way are kept too."""
        return [name for name, run in self.runs.items() if run.task.role != "source" and run.checkpoints]

    @property
    def path_epochs(self) -> tuple[int, ...]:
        """Epochs at which they are kept: the same for all, for a rule has the same outputs for all its jobs."""
        epochs = {self.runs[name].checkpoints for name in self.path_runs}
        return max(epochs, default=())

    @property
    def checkpoint_epochs(self) -> tuple[int, ...]:
        """Epochs at which the weights of the pre-trained run are kept; figure 1 draws them."""
        settings = self.config["pretrain"]
        every = range(1, settings["epochs"] + 1)
        return tuple(every) if settings["checkpoints"] == "all" else tuple(sorted(settings["checkpoints"]))

    def references(self, run: Run) -> dict[str, Checkpoint]:
        """What a run's final network is compared with, by name."""
        prefix = "".join(run.name.rpartition(BETWEEN)[:2])
        initial, independent = ((prefix + kind, moment) for kind, moment in (INITIAL, INDEPENDENT))
        if run.parent == initial:
            return {"init": initial}
        found = {"init": initial, "pretrained": run.parent}
        if self.config["controls"]["independent"]:
            found["independent"] = independent
        return found

    # What a training takes of a machine

    def group(self, name: str) -> str:
        """Name of the trainings about as long as this one: up to 1,000 steps, 10,000 steps and so on.

        A scheduler can run some of them in one job. The pre-training that fine-tunings wait for is not among others.
        """
        kind = "source" if name == self.pretrained else "train"
        return f"{kind}{max(1000, 10 ** len(str(self.runs[name].steps - 1)))}"

    def minutes(self, name: str) -> int:
        """Time limit of a training: three times what a step of conv4 takes on one core, and its start."""
        return math.ceil(5 + self.runs[name].steps * 3 * STEP_SECONDS / 60)

    # Images

    def probe(self, role: str) -> tuple[str, Part]:
        """Data set and images on which the networks of a role's tasks are compared: the first of its test part."""
        task = next(task for task in self.tasks.values() if task.role == role)
        return task.dataset, task.test.first(self.config["probe"]["images"])

    def probe_title(self, role: str) -> str:
        """Name the images that are compared, as tables and figures show it."""
        dataset, part = self.probe(role)
        return f"{self.title(dataset)}, {part}"

    def calibration(self, role: str) -> Part | None:
        """Images whose statistics batch normalisation then uses, if the config asks for that."""
        return None if self.config["probe"]["bn"] == "batch" else self.calibration_images(role)

    def calibration_images(self, role: str) -> Part:
        # The same for all networks of a role, so not each run's own training set.
        whole = self.config["source"] if role == "source" else self.config["finetune"][role]
        train = Part.parse(whole["train"])
        return train.first(min(train.size, CALIBRATION_IMAGES))

    def probe_images(self, role: str) -> list[str]:
        """Files of the calibration's and of the probe's images."""
        dataset, part = self.probe(role)
        calibration = self.calibration(role) or part
        return [self.images(dataset, calibration.split), self.images(dataset, part.split)]

    def probe_sizes(self, run: str) -> list[int]:
        """Sizes of the probe that are tried for a run: all that its test part has; only a main run beyond the usual."""
        usual = self.config["probe"]["images"]
        most = self.runs[run].task.test.size if run in self.main_choices else usual
        return sorted(size for size in {usual, *self.config["sensitivity"]["images"]} if size <= most)

    @property
    def usual_runs(self) -> list[str]:
        """Names of the runs with the study's own order of the blocks."""
        return [name for name in self.paper_runs if BETWEEN not in name]

    @property
    def main_choices(self) -> list[str]:
        """Names of the main runs, with every order of the blocks."""
        main = self.main_runs
        return [run.name for run in [*main, *(in_block(run, block) for block in self.other_blocks for run in main)]]

    @property
    def choice_runs(self) -> list[str]:
        """Names of the runs for which other choices of measurement are tried."""
        return self.paper_runs if self.config["sensitivity"]["runs"] == "all" else self.main_choices

    @property
    def bn_modes(self) -> list[str]:
        """Modes of batch normalisation that figure `sensitivity` compares, the study's own first."""
        return list(dict.fromkeys([self.config["probe"]["bn"], *self.config["sensitivity"]["bn"]]))

    def sensitivity_images(self, role: str) -> list[str]:
        """Files of the images behind figure `sensitivity`, as `probe_images`."""
        dataset, part = self.probe(role)
        calibration = self.calibration_images(role) if "calibrated" in self.bn_modes else part
        return [self.images(dataset, calibration.split), self.images(dataset, part.split)]

    def task_images(self, name: str) -> list[str]:
        """Files of a task's training and test images."""
        task = self.tasks[name]
        return [self.images(task.dataset, part.split) for part in (task.train, task.test)]

    # Files that belong together

    def compared(self, run: str, seed: int | str) -> list[str]:
        """Activations of the networks that a run's final network is compared with."""
        role = self.runs[run].task.role
        return [self.activations(role, found, seed) for found in self.references(self.runs[run]).values()]

    def curve_checkpoints(self, seed: int | str) -> list[str]:
        """Weights of the pre-trained run at each epoch of figure 1, the initial ones first."""
        kept = [(self.pretrained, f"epoch{epoch}") for epoch in self.checkpoint_epochs]
        return [self.model(checkpoint, seed) for checkpoint in (INITIAL, *kept)]

    def sensitivity_references(self, run: str) -> dict[str, Checkpoint]:
        """References of a run that are its own, for figure `sensitivity`: thousands of images make each one dear."""
        return {name: found for name, found in self.references(self.runs[run]).items() if name != "independent"}

    def layer_networks(self) -> list[Checkpoint]:
        """Networks whose layers are all compared: initial, pre-trained, and fine-tuned on the main target tasks."""
        tuned = [(run.name, "final") for run in self.main_runs if run.task.role == "domain"]
        return [INITIAL, (self.pretrained, "final"), *tuned]

    def similarities(self) -> list[str]:
        """Tables of all runs with the study's own order of the blocks."""
        return list(self.rows("layers", self.usual_runs))

    def claim_tables(self, figure: str) -> dict[str, tuple[str, ...]]:
        """Figures whose tables the claims of a figure read, and the columns that are the keys of their numbers."""
        experiment = self.experiments.get(figure.removesuffix("_claims"))
        # In the order that they have in a spec, whose keys are sorted.
        return dict(sorted(experiment.keys.items())) if experiment else {}

    def rows(self, kind: str, runs: Iterable[str]) -> dict[str, dict[str, object]]:
        """Tables that a figure of this kind collects: path to the columns that are to be added to it."""
        if kind == "curve":
            return {self.curve(seed): {"images": self.probe_title("source")} for seed in self.seeds}
        if kind == "heatmap":
            return {self.layers(seed): {"images": self.probe_title("domain")} for seed in self.seeds}
        for experiment in self.experiments.values():
            if kind in experiment.titles:
                return experiment.rows(kind)
        of_each = [(run, seed, self.runs[run].task) for run in runs for seed in self.seeds]
        if kind == "sensitivity":
            return {self.sensitivity(run, seed): {"images": self.title(task.dataset)} for run, seed, task in of_each}
        if kind == "layers":
            return {self.similarity(run, seed): {"images": self.probe_title(task.role)} for run, seed, task in of_each}
        return {
            self.history(run, seed): {"run": run, "seed": seed, "images": self.title(task.dataset)}
            for run, seed, task in of_each
        }
