"""A study: its targets, its tasks, the trainings that can be made of them, and what their networks are compared on.

A study says which trainings are possible. Experiments say which of them are needed, and the plan puts them together.
The Snakefile imports this module, so it needs nothing heavy.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property

from repdrift.study.files import Files
from repdrift.study.runs import INDEPENDENT, INITIAL, Checkpoint, Run, network_variant
from repdrift.study.sections import Config, Images
from repdrift.study.tasks import CALIBRATION_IMAGES, Part, Task, Transform, shuffled

SOURCE, DOMAIN, CROSS_DOMAIN, OTHERS = "source", "domain", "cross_domain", "others"
COMPARED_ROLES = (SOURCE, DOMAIN, CROSS_DOMAIN)  # roles of tasks whose networks share a probe
TRUE = Transform("random", 0)


class Study(Files):
    """Everything that follows from a config alone, whichever experiments there are.

    Attributes
    ----------
    seeds : tuple of int
    classes : int
        Number of classes of every network: that of the source data set.
    network : dict
        Settings of the study's network, as `repdrift.networks.building.build` takes them.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.seeds = config.seeds
        self.classes = config.datasets[config.source.dataset].classes
        self.network = {**vars(config.network), "classes": self.classes}

    # Networks

    @property
    def other_blocks(self) -> list[str]:
        """Block orders that are tried beside the study's own, which is not trained twice."""
        return [block for block in self.config.sensitivity.blocks if block != self.config.network.block]

    def network_of(self, name: str) -> dict[str, object]:
        """Give the settings of the network of a run or of initial weights, by name."""
        block = network_variant(name)
        return {**self.network, "block": block} if block else self.network

    @property
    def initial_weights(self) -> list[str]:
        """Names of the weights before any training."""
        kinds = [INITIAL[0], INDEPENDENT[0]]
        return kinds + [f"{block}/{kind}" for block in self.other_blocks for kind in kinds]

    # Targets

    @cached_property
    def targets(self) -> dict[str, tuple[str, Images]]:
        """Role and images of each target, by its data set."""
        finetune = self.config.finetune
        found = [(DOMAIN, finetune.domain), (CROSS_DOMAIN, finetune.cross_domain)]
        return {
            target.dataset: (role, target) for role, target in [*found, *((OTHERS, one) for one in finetune.others)]
        }

    def datasets_of(self, roles: Iterable[str]) -> list[str]:
        """List the target data sets of some roles."""
        return [dataset for wanted in roles for dataset, (role, _) in self.targets.items() if role == wanted]

    def transforms(self, role: str) -> list[Transform]:
        """List the label transforms that the paper tries on the target of a role."""
        target = getattr(self.config.finetune, role)
        shifts = [] if target.shift is None else [Transform("shift", target.shift)]
        return [Transform("random", degree) for degree in target.random] + shifts

    @property
    def most_random(self) -> Transform:
        """The most random labels of the domain task."""
        return Transform("random", max(self.config.finetune.domain.random))

    # Tasks

    def target_task(
        self,
        dataset: str,
        transform: Transform = TRUE,
        *,
        size: int | None = None,
        shuffle: int | None = None,
        classes: int | None = None,
    ) -> Task:
        """Make a task on a target data set.

        Parameters
        ----------
        dataset : str
        transform : Transform
            Of the labels.
        size : int, optional
            Only the first so many training images; None for all of them.
        shuffle : int, optional
            Side of the blocks of pixels that change places, see `Task`.
        classes : int, optional
            Only images of the first so many classes.
        """
        role, target = self.targets[dataset]
        train, test = Part.parse(target.train), Part.parse(target.test)
        size = min(size or train.size, train.size)
        name = dataset if size == train.size else f"{dataset}-n{size}"
        name += transform.suffix + shuffled(shuffle)
        if classes in (None, self.classes):
            return Task(f"target-{name}", role, dataset, train.first(size), test, transform, shuffle)
        return Task(f"target-{name}-classes{classes}", role, dataset, train, test, transform, shuffle, classes, size)

    # Trainings

    @property
    def pretrained(self) -> str:
        """Name of the run that is fine-tuned: the source task with its true labels."""
        return self.config.source.dataset

    @property
    def checkpoint_epochs(self) -> tuple[int, ...]:
        """Epochs at which the weights of the pre-trained run are kept, for figure 1."""
        kept = self.config.pretrain.checkpoints
        return tuple(range(1, self.config.pretrain.epochs + 1)) if isinstance(kept, str) else tuple(sorted(kept))

    def scratch_run(self, degree: int, size: int | None = None, steps: int | None = None) -> Run:
        """Make a training from the initial weights on source images.

        Parameters
        ----------
        degree : int
            Degree of randomness of the labels.
        size : int, optional
            Only the first so many images.
        steps : int, optional
            Length in SGD steps; None for the epochs of the config.
        """
        pretrain, source = self.config.pretrain, self.config.source
        whole = Part.parse(source.train)
        size = size or whole.size
        transform = Transform("random", degree)
        name = source.dataset + ("" if size == whole.size else f"-n{size}") + transform.suffix
        task = Task(name, SOURCE, source.dataset, whole.first(size), Part.parse(source.test), transform)
        usual = pretrain.epochs * self._steps_per_epoch(task)
        if steps is None or steps == usual:
            kept = self.checkpoint_epochs if name == self.pretrained else ()
            return Run(name, task, INITIAL, usual, pretrain.test_every, kept)
        test_every = _as_often(pretrain.test_every, steps, usual)
        return Run(f"{name}-steps{steps}", task, INITIAL, steps, test_every)

    def target_run(self, role: str, transform: Transform, parent: Checkpoint | None = None) -> Run:
        """Make a training on a target of the paper: from the pre-trained network, or from another parent."""
        (dataset,) = self.datasets_of([role])
        return self.trained_on(self.target_task(dataset, transform), parent)

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
        """Make a training on a target task.

        Parameters
        ----------
        task : Task
        parent : Checkpoint, optional
            Where it starts; None for the pre-trained network. The head of another parent is always kept.
        epochs, steps : int, optional
            Length; neither for the epochs of fine-tuning.
        order : int
            Trainings of one task in different orders see the same images in different orders.
        checkpoints : tuple of int
            Epochs at which the weights are kept.
        """
        finetune = self.config.finetune
        start = parent or (self.pretrained, "final")
        name = start[0] + (f"@{start[1].removeprefix('epoch')}" if start[1].startswith("epoch") else "")
        name = f"{name}+{task.name.removeprefix('target-')}"
        usual = finetune.epochs * self._steps_per_epoch(task)
        length, test_every = usual, finetune.test_every
        if epochs not in (None, finetune.epochs):
            name, length = f"{name}-epochs{epochs}", (epochs or 0) * self._steps_per_epoch(task)
        elif steps not in (None, usual):
            name, length = f"{name}-steps{steps}", steps or 0
            test_every = _as_often(test_every, length, usual)
        if order > 1:
            name = f"{name}-order{order}"
        head = finetune.head if parent is None else "keep"
        return Run(name, task, start, length, test_every, checkpoints, head, order)

    def _steps_per_epoch(self, task: Task) -> int:
        return math.ceil(task.size / self.config.training.batch_size)

    @property
    def fine_tunings(self) -> Iterator[Run]:
        """The paper's trainings on targets: all label transforms of both targets, and the control from scratch."""
        for role in (DOMAIN, CROSS_DOMAIN):
            for transform in self.transforms(role):
                yield self.target_run(role, transform)
        if self.config.controls.scratch:
            yield self.target_run(DOMAIN, self.most_random, parent=INITIAL)

    # Comparisons

    def references(self, run: Run) -> dict[str, Checkpoint]:
        """Name the networks that the final network of a run is compared with."""
        block = network_variant(run.name)
        prefix = f"{block}/" if block else ""
        initial, independent = ((prefix + kind, moment) for kind, moment in (INITIAL, INDEPENDENT))
        if run.parent == initial:
            return {"init": initial}
        found = {"init": initial, "pretrained": run.parent}
        if self.config.controls.independent:
            found["independent"] = independent
        return found

    def probe(self, role: str) -> tuple[str, Part]:
        """Give data set and images on which the networks of a role are compared: the first of its test part."""
        images = self._images_of(role)
        return images.dataset, Part.parse(images.test).first(self.config.probe.images)

    def probe_title(self, role: str) -> str:
        """Name the images of a probe as tables and figures show them."""
        dataset, part = self.probe(role)
        return f"{self.title(dataset)}, {part}"

    def calibration(self, role: str) -> Part | None:
        """Give the images on which batch statistics are estimated anew, or None where each batch has its own."""
        return None if self.config.probe.bn == "batch" else self.calibration_images(role)

    def calibration_images(self, role: str) -> Part:
        """Give the training images for these statistics: the same for all networks of a role."""
        train = Part.parse(self._images_of(role).train)
        return train.first(min(train.size, CALIBRATION_IMAGES))

    def _images_of(self, role: str) -> Images:
        images: Images = self.config.source if role == SOURCE else getattr(self.config.finetune, role)
        return images

    def probe_images(self, role: str, calibration: Part | None) -> list[str]:
        """List the files of the calibration images and of the probe, which without calibration are the same file."""
        dataset, part = self.probe(role)
        return [self.images(dataset, (calibration or part).split), self.images(dataset, part.split)]

    def task_images(self, task: Task) -> list[str]:
        """List the files of a task's training and test images."""
        return [self.images(task.dataset, part.split) for part in (task.train, task.test)]


def _as_often(test_every: int, steps: int, usual: int) -> int:
    """Give the epochs between two tests such that there are as many tests as in a training of the usual length."""
    return max(1, round(test_every * steps / usual))
