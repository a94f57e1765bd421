"""The experiment on Neyshabur, Sedghi and Zhang (2020): its trainings, pairs of networks, tables and figures.

The names are the paper's. RI and P are the random and the pre-trained weights. RI-T and P-T are the networks that are
trained on the target from these weights. The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.transfer.specs import CriticalitySpec, LinesSpec, PairsSpec
from repdrift.experiments.transfer.tables import BARRIER, CRITICALITY, SIMILARITY
from repdrift.study.figure import Figure
from repdrift.study.runs import INDEPENDENT, INITIAL, Checkpoint, Run
from repdrift.study.study import Study
from repdrift.study.tasks import CALIBRATION_IMAGES, SIDE, Task

FINAL = "final"
SOURCE = "pre-training"
PARTS = ("similarity", "barrier", "criticality")  # the tables that each target and seed has
# Pairs of networks whose weights, representations and mistakes are compared. RI-T 1b starts from the same weights as
# RI-T.
PAIRS = {
    "P-T & P": ("P-T", "P"),
    "RI-T & P": ("RI-T", "P"),
    "RI-T & RI": ("RI-T", "RI"),
    "P-T & P-T": ("P-T", "P-T 2"),
    "RI-T & P-T": ("RI-T", "P-T"),
    "RI-T & RI-T": ("RI-T", "RI-T 2"),
    "RI-T & RI-T, same start": ("RI-T", "RI-T 1b"),
    # An "early" network has been trained for as many epochs as P-T.
    "RI-T & P-T, equal epochs": ("RI-T early", "P-T"),
    "RI-T & RI-T, equal epochs": ("RI-T early", "RI-T 2 early"),
}
# The pairs whose connecting lines are evaluated.
LINES = ("P-T & P-T", "RI-T & RI-T", "RI-T & P-T", "RI-T & RI-T, same start")
STARTS = ("P-T", "RI-T")


@dataclass(frozen=True)
class Criticality:
    """The settings of criticality, see the comments in config.yaml."""

    path: tuple[int, ...]
    distances: tuple[float, ...]
    noises: tuple[float, ...]
    draws: int
    images: int
    excess: float


@dataclass(frozen=True)
class Settings:
    """The section ``transfer`` of the config."""

    targets: tuple[str, ...]
    images: int
    converged: int
    sweeps: tuple[str, ...]
    shuffle: tuple[int, ...]
    checkpoints: tuple[int, ...]
    test_images: int
    points: int
    criticality: Criticality


class Transfer(Experiment):
    """Networks that are trained on a target from pre-trained and from random weights."""

    folder = Path(__file__).parent
    claims_figure = "transfer_claims"
    tables = (SIMILARITY, BARRIER, CRITICALITY)

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.settings = settings
        self.targets = study.datasets_of(settings.targets)
        self.sweeps = self.chosen(study.datasets_of(settings.sweeps), self.targets)
        kept = {0, study.config.pretrain.epochs, *study.checkpoint_epochs}
        self.checkpoints = [epoch for epoch in settings.checkpoints if epoch in kept]
        self.path = [epoch for epoch in settings.criticality.path if epoch <= self.epochs]

    # Trainings

    def runs(self) -> Iterator[Run]:
        for dataset in self.targets:
            yield from self.trained(dataset).values()
        for dataset in self.sweeps:
            for side in self.sides:
                for start in STARTS:
                    yield self.shuffled(dataset, side, start)
            for epoch in self.checkpoints:
                yield self.from_epoch(dataset, epoch)

    def task(self, dataset: str, shuffle: int | None = None) -> Task:
        """Return the task on a target, with shuffled images or with images as they are."""
        return self.study.target_task(dataset, size=self.settings.images, shuffle=shuffle)

    def trained(self, dataset: str) -> dict[str, Run]:
        """Return the trainings on a target by the names of their networks.

        P-T and RI-T have two instances each. The instances of P-T start from the same weights and see the images in
        different orders. The instances of RI-T start from different weights. RI-T 1b starts from the weights of the
        first RI-T and sees the images in another order.
        """
        task, long = self.task(dataset), self.settings.converged
        kept = tuple(sorted({*self.path, self.epochs}))
        train = self.study.trained_on
        return {
            "P-T": train(task, checkpoints=kept),
            "P-T 2": train(task, order=2, checkpoints=kept),
            "RI-T": train(task, INITIAL, epochs=long, checkpoints=kept),
            "RI-T 2": train(task, INDEPENDENT, epochs=long, checkpoints=kept),
            "RI-T 1b": train(task, INITIAL, epochs=long, order=2, checkpoints=kept),
        }

    @property
    def sides(self) -> list[int]:
        """The sides of the blocks that are shuffled. The last is the side of the image, which shuffles nothing."""
        return [*sorted(self.settings.shuffle), SIDE]

    def shuffled(self, dataset: str, side: int, start: str) -> Run:
        """Return a training on a target whose images are shuffled in blocks, from one of the `STARTS`."""
        if side == SIDE:
            return self.trained(dataset)[start]
        task = self.task(dataset, side)
        if start == "P-T":
            return self.study.trained_on(task)
        return self.study.trained_on(task, INITIAL, epochs=self.settings.converged)

    def from_epoch(self, dataset: str, epoch: int) -> Run:
        """Return a fine-tuning from an epoch of pre-training. It is P-T for the last epoch."""
        if epoch == self.study.config.pretrain.epochs:
            return self.trained(dataset)["P-T"]
        parent = (self.study.pretrained, f"epoch{epoch}") if epoch else INITIAL
        return self.study.trained_on(self.task(dataset), parent)

    # Files and specs of the tables

    def networks(self, part: str, dataset: str) -> dict[str, Checkpoint]:
        """Return the checkpoints that a table is made from, by the names of their networks."""
        runs = self.trained(dataset)
        found: dict[str, Checkpoint] = {"RI": INITIAL, "P": (self.study.pretrained, FINAL)}
        found |= {name: (run.name, FINAL) for name, run in runs.items()}
        early = f"epoch{self.epochs}"
        found |= {f"{name} early": (runs[name].name, early) for name in ("RI-T", "RI-T 2")}
        for start in STARTS:
            found |= {f"{start}, epoch {epoch}": (runs[start].name, f"epoch{epoch}") for epoch in self.path}
        needed = {
            "similarity": [name for pair in PAIRS.values() for name in pair],
            "barrier": [name for line in LINES for name in PAIRS[line]],
            "criticality": [name for path in self.paths.values() for name in path],
        }[part]
        return {name: found[name] for name in dict.fromkeys(needed)}

    @property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """The names of the networks along the training of P-T and of RI-T, from the first to the last."""
        before, kept = {"P-T": "P", "RI-T": "RI"}, {"P-T": [epoch for epoch in self.path if epoch < self.epochs]}
        return {
            start: (before[start], *(f"{start}, epoch {epoch}" for epoch in kept.get(start, self.path)), start)
            for start in STARTS
        }

    def checkpoints_of(self, part: str, dataset: str, seed: int | str) -> list[str]:
        """List the paths of the weights that a table is made from."""
        return [self.study.model(found, seed) for found in self.networks(part, dataset).values()]

    def inputs(self, part: str, dataset: str, seed: int | str) -> dict[str, Any]:
        """Name the inputs of a table: the files of its images, the weights and the labels."""
        task = self.task(dataset)
        return {
            "files": self.study.task_images(task),
            "networks": self.checkpoints_of(part, dataset, seed),
            "task": self.study.labels(task.name, seed),
        }

    def file(self, part: str, dataset: str, seed: int | str) -> str:
        """Return the path of the table of one target and seed."""
        return f"{self.study.folder}/transfer/{part}/{dataset}/seed{seed}.csv"

    def pairs_spec(self, dataset: str, seed: int) -> PairsSpec:
        shared = self._shared("similarity", dataset, seed)
        usual = self.study.config.probe
        return PairsSpec(
            **shared,
            pairs=PAIRS,
            probe=min(shared["test_images"], usual.images),
            calibration=None if usual.bn == "batch" else self._calibration(dataset),
            estimators=self.study.config.similarity.estimators,
        )

    def lines_spec(self, dataset: str, seed: int) -> LinesSpec:
        lines = {line: PAIRS[line] for line in LINES}
        shared = self._shared("barrier", dataset, seed)
        return LinesSpec(**shared, pairs=lines, points=self.settings.points, calibration=self._calibration(dataset))

    def criticality_spec(self, dataset: str, seed: int) -> CriticalitySpec:
        settings = self.settings.criticality
        return CriticalitySpec(
            **self._shared("criticality", dataset, seed),
            paths=self.paths,
            train_images=min(settings.images, self.task(dataset).size),
            distances=settings.distances,
            noises=settings.noises,
            draws=settings.draws,
            excess=settings.excess,
        )

    def _shared(self, part: str, dataset: str, seed: int) -> dict[str, Any]:
        return {
            "dataset": dataset,
            "seed": seed,
            "network": self.study.network,
            "networks": tuple(self.networks(part, dataset)),
            "test_images": min(self.settings.test_images, self.task(dataset).test.size),
        }

    def _calibration(self, dataset: str) -> int:
        return min(CALIBRATION_IMAGES, self.task(dataset).size)

    # Figures

    def figures(self) -> Iterator[Figure]:
        settings = self.settings
        trained = {
            "epochs": str(self.epochs),
            "converged": str(settings.converged),
            "images": f"{settings.images:,}",
        }
        criticality = {
            "train_images": str(settings.criticality.images),
            "draws": str(settings.criticality.draws),
            "excess": f"{settings.criticality.excess:g}",
        }
        make = self.figure
        yield make("transfer_shuffle", "Shuffled images", self._shuffle_rows(), phrases=trained)
        yield make(
            "transfer_similarity", "Similarity, distance and mistakes", self._rows("similarity"), phrases=trained
        )
        yield make("transfer_barrier", "Barriers", self._rows("barrier"), phrases=trained)
        yield make("transfer_criticality", "Criticality", self._rows("criticality"), phrases=trained | criticality)
        yield make("transfer_checkpoints", "Checkpoints of pre-training", self._checkpoint_rows(), phrases=trained)
        yield make("transfer_claims", "Claims on transfer", {}, drawing="claims", phrases=trained)

    def _rows(self, part: str) -> dict[str, dict[str, object]]:
        return {
            self.file(part, dataset, seed): {"images": self.study.title(dataset)}
            for dataset in self.targets
            for seed in self.study.seeds
        }

    def _shuffle_rows(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for dataset in self.sweeps:
            for side in self.sides:
                for start in STARTS:
                    run = self.shuffled(dataset, side, start)
                    found |= self._histories(run, dataset, side=side, network=start)
        return found

    def _checkpoint_rows(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for dataset in self.sweeps:
            for epoch in self.checkpoints:
                found |= self._histories(self.from_epoch(dataset, epoch), dataset, start=epoch, network="P-T")
        for seed in self.study.seeds:
            columns = {"run": self.study.pretrained, "seed": seed, "images": "", "start": None, "network": SOURCE}
            found[self.study.history(self.study.pretrained, seed)] = columns
        return found

    def _histories(self, run: Run, dataset: str, **columns: object) -> dict[str, dict[str, object]]:
        title = self.study.title(dataset)
        return {
            self.study.history(run.name, seed): {"run": run.name, "seed": seed, "images": title, **columns}
            for seed in self.study.seeds
        }
