"""The trainings of the experiment on Neyshabur, Sedghi and Zhang (2020).

The names of their networks are explained in `repdrift.experiments.transfer.pairs`. The Snakefile imports this module,
so it needs nothing heavy.
"""

from collections.abc import Iterator
from functools import cached_property

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.transfer.pairs import START_OF_P, STARTS
from repdrift.experiments.transfer.settings import Settings
from repdrift.study.runs import INDEPENDENT, INDEPENDENT_2, INITIAL, Run
from repdrift.study.study import Study
from repdrift.study.tasks import Task

DESTROYED = 1  # blocks of at most this side leave no structure of an image


class Trainings(Experiment):
    """The trainings on targets from pre-trained and from random weights.

    Attributes
    ----------
    targets, sweeps : list of str
        The data sets of the targets, and of those that are also shuffled and fine-tuned from early checkpoints.
    checkpoints : list of int
        The epochs of pre-training whose weights are fine-tuned.
    path : list of int
        The epochs of fine-tuning whose weights are kept.
    rates : list of float
        The learning rates from which one is chosen for each start.
    """

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.settings = settings
        self.targets = study.datasets_of(settings.targets)
        self.sweeps = self.chosen(study.datasets_of(settings.sweeps), self.targets)
        kept = {0, study.config.pretrain.epochs, *study.checkpoint_epochs}
        self.checkpoints = sorted(epoch for epoch in settings.checkpoints if epoch in kept)
        self.path = [epoch for epoch in settings.criticality.path if epoch <= self.epochs]
        self.rates = sorted(settings.learning_rates)

    def runs(self) -> Iterator[Run]:
        for dataset in self.targets:
            yield from self.trained(dataset).values()
        for dataset in self.sweeps:
            for side in self.sides:
                for start in STARTS:
                    yield self.shuffled(dataset, side, start)
            for epoch in self.checkpoints:
                yield self.from_epoch(dataset, epoch)
        for dataset, side in self.tuned.values():
            for start in STARTS:
                yield from self.at_rates(dataset, side, start)

    def task(self, dataset: str, side: int | None = None) -> Task:
        """Return the task on a target whose images are shuffled in blocks of a side. One large block is the image."""
        shuffle = None if side == self.study.side else side
        return self.study.target_task(dataset, size=self.settings.images, shuffle=shuffle)

    def trained(self, dataset: str) -> dict[str, Run]:
        """Return the trainings on a target by the names of their networks.

        P-T and RI-T have two instances each. The instances of P-T start from the same weights with different new heads,
        and see the images in different orders. The instances of RI-T start from different weights, which are unrelated
        to those of pre-training. RI-T 1b starts from the weights of the first RI-T, and sees the images in another
        order.
        """
        task, long = self.task(dataset), self.settings.converged
        kept = tuple(sorted({0, *self.path, self.epochs}))
        train = self.study.trained_on
        return {
            "P-T": train(task, head="new", checkpoints=kept),
            "P-T 2": train(task, head="another", order=2, checkpoints=kept),
            "RI-T": train(task, INDEPENDENT, epochs=long, checkpoints=kept),
            "RI-T 2": train(task, INDEPENDENT_2, epochs=long, checkpoints=kept),
            "RI-T 1b": train(task, INDEPENDENT, epochs=long, order=2, checkpoints=kept),
            START_OF_P: train(task, INITIAL, checkpoints=kept),
        }

    @property
    def sides(self) -> list[int]:
        """The sides of the blocks that are shuffled. The last is the side of the image, which shuffles nothing."""
        return [*sorted(self.settings.shuffle), self.study.side]

    @property
    def destroyed(self) -> int | None:
        """The side of the blocks that leave no structure of the image; None if the study has no such blocks."""
        smallest = min(self.settings.shuffle)
        return smallest if smallest <= DESTROYED else None

    def shuffled(self, dataset: str, side: int, start: str, rate: float | None = None) -> Run:
        """Return a training on a target whose images are shuffled in blocks, from one of the `STARTS`.

        `rate` is the learning rate; None is for that of the study.
        """
        task = self.task(dataset, side)
        if start == "P-T":
            return self.study.trained_on(task, head="new", learning_rate=rate)
        return self.study.trained_on(task, INDEPENDENT, epochs=self.settings.converged, learning_rate=rate)

    def at_rates(self, dataset: str, side: int, start: str) -> list[Run]:
        """Return the trainings from which the learning rate of a start is chosen, in the order of `rates`."""
        return [self.shuffled(dataset, side, start, rate) for rate in self.rates]

    @cached_property
    def tuned(self) -> dict[str, tuple[str, int]]:
        """The target and the side of the blocks of each task on which the learning rate is tuned, by the task's name.

        These are the targets as they are, and those whose structure is destroyed.
        """
        pairs = [(dataset, self.study.side) for dataset in self.targets]
        pairs += [(dataset, self.destroyed) for dataset in self.sweeps if self.destroyed is not None]
        return {self.task(dataset, side).name: (dataset, side) for dataset, side in pairs}

    def from_epoch(self, dataset: str, epoch: int) -> Run:
        """Return a fine-tuning from an epoch of pre-training. It is P-T for the last epoch."""
        if epoch == self.study.config.pretrain.epochs:
            return self.trained(dataset)["P-T"]
        if epoch == 0:
            return self.trained(dataset)[START_OF_P]
        return self.study.trained_on(self.task(dataset), (self.study.pretrained, f"epoch{epoch}"), head="new")
