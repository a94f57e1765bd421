"""A study: its targets, its tasks, the trainings on them, and the images on which their networks are compared.

A study says which trainings are possible. Experiments say which of these are needed. The plan lists the needed ones.
The Snakefile imports this module, so it needs nothing heavy.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import PurePath

from repdrift.study.networks import Networks
from repdrift.study.runs import ALL, GIVEN, INDEPENDENT, INITIAL, Checkpoint, Run, prefix_of, variant_of
from repdrift.study.sections import Config, Images
from repdrift.study.tasks import CALIBRATION_IMAGES, Part, Task, Transform, shuffle_suffix
from repdrift.study.trained import first_trained
from repdrift.user_code import code_of, file_and_function, is_own

SOURCE, DOMAIN, CROSS_DOMAIN, OTHERS = "source", "domain", "cross_domain", "others"
COMPARED_ROLES = (SOURCE, DOMAIN, CROSS_DOMAIN)  # the networks of all tasks of such a role share a probe
# Fine-tuned networks are compared on the probes of both targets. Otherwise two tasks would differ in their images too.
PROBES = {SOURCE: (SOURCE,), DOMAIN: (DOMAIN, CROSS_DOMAIN), CROSS_DOMAIN: (CROSS_DOMAIN, DOMAIN)}
TRUE = Transform("random", 0)


class Study(Networks):
    """Everything that follows from the config of a study, whichever experiments it has.

    Attributes
    ----------
    seeds : tuple of int
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.seeds = config.seeds
        self._own_code: dict[str, str] = {}  # by the name of an estimator

    @property
    def side(self) -> int:
        """Height and width in pixels of all images."""
        return self.config.images.size

    # Targets

    @cached_property
    def targets(self) -> dict[str, tuple[str, Images]]:
        """The role and the images of each target, by the name of its data set."""
        finetune = self.config.finetune
        found = [(DOMAIN, finetune.domain), (CROSS_DOMAIN, finetune.cross_domain)]
        return {
            target.dataset: (role, target) for role, target in [*found, *((OTHERS, one) for one in finetune.others)]
        }

    def datasets_of(self, roles: Iterable[str]) -> list[str]:
        """List the data sets of the targets that have one of some roles."""
        return [dataset for wanted in roles for dataset, (role, _) in self.targets.items() if role == wanted]

    def transforms(self, role: str) -> list[Transform]:
        """List the label transforms that the paper tries on the target of a role."""
        target = getattr(self.config.finetune, role)
        shifts = [] if target.shift is None else [Transform("shift", target.shift)]
        return [Transform("random", degree) for degree in target.random] + shifts

    @property
    def most_random(self) -> Transform:
        """The transform to the most random labels that the domain target has."""
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
        """Make a task on the images of a target.

        Parameters
        ----------
        dataset : str
            The data set of the target.
        transform : Transform
            The transform of the labels.
        size : int, optional
            Number of training images, counted from the first. None is for all.
        shuffle : int, optional
            Side of the blocks of pixels that are permuted, see `Task`.
        classes : int, optional
            Number of classes, counted from the first. None is for all.
        """
        role, target = self.targets[dataset]
        train, test = Part.parse(target.train), Part.parse(target.test)
        size = min(size or train.size, train.size)
        name = dataset if size == train.size else f"{dataset}-n{size}"
        name += transform.suffix + shuffle_suffix(shuffle)
        if classes in (None, self.classes_of(dataset)):
            return Task(f"target-{name}", role, dataset, train.first(size), test, transform, shuffle)
        return Task(f"target-{name}-classes{classes}", role, dataset, train, test, transform, shuffle, classes, size)

    # Trainings

    @property
    def trains_source(self) -> bool:
        """Whether the study pre-trains networks itself, and does not begin with weights that somebody else trained."""
        return self.config.weights is None

    @property
    def pretrained(self) -> str:
        """The name of the network that is fine-tuned.

        It is the run on the true labels of the source, or stands for the given weights.
        """
        return self.config.source.dataset if self.trains_source else GIVEN

    @property
    def checkpoint_epochs(self) -> tuple[int, ...]:
        """The epochs of pre-training whose weights are kept, for figure 1."""
        kept = self.config.pretrain.checkpoints
        return tuple(range(1, self.config.pretrain.epochs + 1)) if isinstance(kept, str) else tuple(sorted(kept))

    def scratch_run(self, degree: int, size: int | None = None, steps: int | None = None) -> Run:
        """Make a training from the initial weights on source images.

        Parameters
        ----------
        degree : int
            Degree of randomness of the labels.
        size : int, optional
            Number of images, counted from the first. None is for all.
        steps : int, optional
            Length in SGD steps. None is for the number of epochs in the config.
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
        test_every = _scaled_interval(pretrain.test_every, steps, usual)
        return Run(f"{name}-steps{steps}", task, INITIAL, steps, test_every)

    def target_run(self, role: str, transform: Transform, parent: Checkpoint | None = None) -> Run:
        """Make a training on the target of a role, from the pre-trained network or from another parent."""
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
        head: str | None = None,
        learning_rate: float | None = None,
    ) -> Run:
        """Make a training on a target task.

        It trains the parts of the network that the config asks for, if it starts from pre-trained weights. From other
        weights it trains all parts.

        Parameters
        ----------
        task : Task
        parent : Checkpoint, optional
            The weights that it starts from. None is for the pre-trained network.
        epochs, steps : int, optional
            Length in epochs or in SGD steps. If both are None, the length is the number of epochs in the config.
        order : int
            Trainings that differ only in this number see the same images in different orders.
        checkpoints : tuple of int
            The epochs whose weights are kept.
        head : str, optional
            See `Run`. None is for the head that the config asks for, which concerns the pre-trained network only: a
            training from other weights keeps their head. If the target has another number of classes than the source,
            the head is new in any case.
        learning_rate : float, optional
            None is for that of the config. A training with another one is tested at its end only, since it is one of
            many that a learning rate is chosen from.
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
            test_every = _scaled_interval(test_every, length, usual)
        usual_head = finetune.head if parent is None else "keep"
        if self.has_other_classes(task.dataset):
            usual_head = "new"  # the parent's head has the classes of the source
        if head not in (None, usual_head):
            name = f"{name}-{head}-head"
        train = first_trained(finetune.train, self.architecture) if start[0] == self.pretrained else ALL
        if order > 1:
            name = f"{name}-order{order}"
        if learning_rate == self.config.training.learning_rate:
            learning_rate = None
        if learning_rate is not None:
            # A point would make the last part of a folder's name look like the ending of a file.
            rate = f"{learning_rate:g}".replace(".", "p")
            name, test_every = f"{name}-lr{rate}", math.ceil(length / self._steps_per_epoch(task))
        return Run(name, task, start, length, test_every, checkpoints, head or usual_head, order, learning_rate, train)

    def in_variant(self, run: Run, variant: str) -> Run:
        """Return the same run of a variant. Its parent belongs to the variant too, unless it is given weights."""
        parent, moment = run.parent
        prefix = prefix_of(variant)
        start = parent if parent == GIVEN else prefix + parent
        # A head of another size is new in any case.
        own = run.task.role == SOURCE or self.has_other_classes(run.task.dataset)
        head = run.head if own else self.variants[variant].head
        # Other networks have other parts.
        tuned = run.parent[0] == self.pretrained
        train = first_trained(self.variants[variant].train, self.architecture_of(prefix)) if tuned else ALL
        name = prefix + run.name
        return replace(run, name=name, parent=(start, moment), checkpoints=(), head=head, train=train)

    def _steps_per_epoch(self, task: Task) -> int:
        return math.ceil(task.size / self.config.training.batch_size)

    def epochs_of(self, run: Run) -> int:
        """Return the number of epochs of a training. The last one may be cut short."""
        return math.ceil(run.steps / self._steps_per_epoch(run.task))

    @property
    def fine_tunings(self) -> Iterator[Run]:
        """The paper's trainings on targets: every label transform of both targets, and the control from scratch."""
        for role in (DOMAIN, CROSS_DOMAIN):
            for transform in self.transforms(role):
                yield self.target_run(role, transform)
        if self.config.controls.scratch:
            yield self.target_run(DOMAIN, self.most_random, parent=INITIAL)

    # Comparisons

    def references(self, run: Run) -> dict[str, Checkpoint]:
        """Return the checkpoints that the final network of a run is compared with, by the name of the reference."""
        prefix = prefix_of(variant_of(run.name))
        initial, independent = ((prefix + kind, moment) for kind, moment in (INITIAL, INDEPENDENT))
        if run.parent == initial:
            return {"init": initial}
        found = {"init": initial, "pretrained": run.parent}
        if self.config.controls.independent:
            found["independent"] = independent
        return found

    def probes(self, run: Run) -> tuple[str, ...]:
        """Return the roles on whose probes the final network of a run is compared. The first is the run's own role."""
        return PROBES[run.task.role]

    def probe(self, role: str) -> tuple[str, Part]:
        """Return the data set and the images on which the networks of a role are compared: its first test images."""
        images = self._images_of(role)
        return images.dataset, Part.parse(images.test).first(self.config.probe.images)

    def test_size(self, role: str) -> int:
        """Return the number of test images of a role, from which its probe is taken."""
        return Part.parse(self._images_of(role).test).size

    def probe_title(self, role: str) -> str:
        """Return the name of the images of a probe as tables and figures show it."""
        return self.images_title(*self.probe(role))

    def images_title(self, dataset: str, part: Part) -> str:
        """Return the name of some images as figures show it, such as ``CIFAR-10, test[0:500]``.

        The splits of an npz data set can have any images in them, so the file is named instead of the split.
        """
        file = getattr(self.config.datasets[dataset], part.split)
        named = replace(part, split=PurePath(file).stem) if isinstance(file, str) else part
        return f"{self.title(dataset)}, {named}"

    def calibration(self, role: str) -> Part | None:
        """Return the images on which BN statistics are re-estimated, or None if BN uses those of each batch."""
        return None if self.config.probe.bn == "batch" else self.calibration_images(role)

    def calibration_images(self, role: str) -> Part:
        """Return the training images on which the BN statistics of all networks of a role can be re-estimated."""
        train = Part.parse(self._images_of(role).train)
        return train.first(min(train.size, CALIBRATION_IMAGES))

    def _images_of(self, role: str) -> Images:
        images: Images = self.config.source if role == SOURCE else getattr(self.config.finetune, role)
        return images

    def own_code(self, estimators: Collection[str]) -> dict[str, str]:
        """Return the hash of the code of each estimator of the user's own among some estimators."""
        for name in filter(is_own, estimators):
            if name not in self._own_code:
                self._own_code[name] = code_of(file_and_function(name)[0])
        return {name: self._own_code[name] for name in filter(is_own, estimators)}

    def probe_images(self, role: str, calibration: Part | None) -> list[str]:
        """List the file of the calibration images and the file of the probe. Without calibration they are the same."""
        dataset, part = self.probe(role)
        return [self.images(dataset, (calibration or part).split), self.images(dataset, part.split)]

    def task_images(self, task: Task) -> list[str]:
        """List the files of a task's training and test images."""
        return [self.images(task.dataset, part.split) for part in (task.train, task.test)]


def _scaled_interval(test_every: int, steps: int, usual: int) -> int:
    """Scale the number of epochs between two tests, so that a training of any length has the usual number of tests."""
    return max(1, round(test_every * steps / usual))
