"""The experiment on Neyshabur, Sedghi and Zhang (2020): its networks, tables and figures.

The names of networks are explained in `repdrift.experiments.transfer.pairs`. The Snakefile imports this module, so it
needs nothing heavy.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repdrift.experiments.transfer.pairs import DISAGREEING, JUDGES, LINES, PAIRS, STARTS
from repdrift.experiments.transfer.specs import CriticalitySpec, LinesSpec, PairsSpec, RatesSpec
from repdrift.experiments.transfer.tables import BARRIER, CRITICALITY, RATES, SIMILARITY
from repdrift.experiments.transfer.trainings import Trainings
from repdrift.study.figure import Figure
from repdrift.study.phrases import count
from repdrift.study.runs import INDEPENDENT, Checkpoint, Run
from repdrift.study.tasks import CALIBRATION_IMAGES

FINAL = "final"
SOURCE = "pre-training"
SHUFFLED = {0: ", values shuffled", 1: ", pixels shuffled"}  # added to the title of a target
PARTS = ("similarity", "barrier", "criticality")  # the tables that each target and seed has


class Transfer(Trainings):
    """Networks that are trained on a target from pre-trained and from random weights."""

    folder = Path(__file__).parent
    heading = "What is transferred (Neyshabur et al. 2020)"
    claims_figure = "transfer_claims"
    tables = (RATES, SIMILARITY, BARRIER, CRITICALITY)

    # Files and specs of the tables

    def networks(self, part: str, dataset: str) -> dict[str, Checkpoint]:
        """Return the checkpoints that a table is made from, by the names of their networks."""
        runs = self.trained(dataset)
        found: dict[str, Checkpoint] = {"RI": INDEPENDENT, "P": (self.study.pretrained, FINAL)}
        found |= {name: (run.name, FINAL) for name, run in runs.items()}
        early = f"epoch{self.epochs}"
        found |= {f"{name} early": (runs[name].name, early) for name in ("RI-T", "RI-T 2")}
        for start in STARTS:
            found |= {f"{start}, epoch {epoch}": (runs[start].name, f"epoch{epoch}") for epoch in (0, *self.path)}
        needed = {
            "similarity": [name for pair in PAIRS.values() for name in pair],
            "barrier": [name for line in LINES for name in PAIRS[line]],
            "criticality": [name for path in self.paths.values() for name in path],
        }[part]
        return {name: found[name] for name in dict.fromkeys(needed)}

    @property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """The names of the networks along the training of P-T and of RI-T, from the first to the last.

        The first is that before training. P-T has its new head then.
        """
        kept = {"P-T": [epoch for epoch in self.path if epoch < self.epochs], "RI-T": self.path}
        return {start: (*(f"{start}, epoch {epoch}" for epoch in (0, *kept[start])), start) for start in STARTS}

    def inputs(self, part: str, dataset: str, seed: int | str) -> dict[str, Any]:
        """Name the inputs of a table: the files of its images, the weights and the labels."""
        task = self.task(dataset)
        return {
            "files": self.study.task_images(task),
            "networks": [self.study.model(found, seed) for found in self.networks(part, dataset).values()],
            "task": self.study.labels(task.name, seed),
        }

    def rates_inputs(self, task: str, seed: int | str) -> dict[str, Any]:
        """Name the inputs of a table of learning rates: those of `inputs`, and the histories of the trainings."""
        dataset, side = self.tuned[task]
        runs = [run.name for start in STARTS for run in self.at_rates(dataset, side, start)]
        return {
            "files": self.study.task_images(self.task(dataset, side)),
            "networks": [self.study.model((run, FINAL), seed) for run in runs],
            "task": self.study.labels(task, seed),
            "histories": [self.study.history(run, seed) for run in runs],
        }

    def file(self, part: str, subject: str, seed: int | str) -> str:
        """Return the path of a table of one target and seed. A table of learning rates is named by its task."""
        return f"{self.study.folder}/transfer/{part}/{subject}/seed{seed}.csv"

    def rates_spec(self, task: str, seed: int) -> RatesSpec:
        dataset, side = self.tuned[task]
        starts = {start: tuple(f"{start}, {rate:g}" for rate in self.rates) for start in STARTS}
        return RatesSpec(
            **self._shared(dataset, seed),
            networks=tuple(name for names in starts.values() for name in names),
            side=side,
            rates=tuple(self.rates),
            starts=starts,
            epochs=self.epochs,
        )

    def pairs_spec(self, dataset: str, seed: int) -> PairsSpec:
        shared = self._shared(dataset, seed)
        usual = self.study.config.probe
        return PairsSpec(
            **shared,
            networks=tuple(self.networks("similarity", dataset)),
            pairs=PAIRS,
            probe=min(shared["test_images"], usual.images),
            calibration=None if usual.bn == "batch" else self._calibration(dataset),
            estimators=self.study.config.similarity.estimators,
            disagreeing=DISAGREEING,
            judges=JUDGES,
            reduce=usual.reduce,
            own=self.study.own_code(self.study.config.similarity.estimators),
        )

    def lines_spec(self, dataset: str, seed: int) -> LinesSpec:
        return LinesSpec(
            **self._shared(dataset, seed),
            networks=tuple(self.networks("barrier", dataset)),
            pairs={line: PAIRS[line] for line in LINES},
            points=self.settings.points,
            calibration=self._calibration(dataset),
        )

    def criticality_spec(self, dataset: str, seed: int) -> CriticalitySpec:
        settings = self.settings.criticality
        return CriticalitySpec(
            **self._shared(dataset, seed),
            networks=tuple(self.networks("criticality", dataset)),
            paths=self.paths,
            train_images=min(settings.images, self.task(dataset).size),
            distances=settings.distances,
            noises=settings.noises,
            draws=settings.draws,
            excess=settings.excess,
        )

    def _shared(self, dataset: str, seed: int) -> dict[str, Any]:
        return {
            "dataset": dataset,
            "seed": seed,
            "network": self.study.measured_network(self.study.pretrained, self.study.classes_of(dataset)),
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
            "rate": f"{self.study.config.training.learning_rate:g}",
            "rates": ", ".join(f"{rate:g}" for rate in self.rates),
        }
        criticality = {
            "train_images": count(settings.criticality.images, "training image"),
            "draws": count(settings.criticality.draws, "draw"),
            "excess": f"{settings.criticality.excess:g}",
        }
        lines = {"test_images": count(settings.test_images, "test image")}
        excess = {"excess": settings.criticality.excess}
        for name, title, rows, phrases in (
            ("transfer_rates", "Learning rates of both starts", self._rates_rows(), {}),
            ("transfer_shuffle", "Shuffled images", self._shuffle_rows(), {}),
            ("transfer_similarity", "Similarity and mistakes", self._rows("similarity"), {}),
            ("transfer_distances", "Distances between weights", self._rows("similarity"), {}),
            ("transfer_barrier", "Barriers", self._rows("barrier"), lines),
            ("transfer_criticality", "Criticality", self._rows("criticality", **excess), criticality),
            ("transfer_checkpoints", "Checkpoints of pre-training", self._checkpoint_rows(), {}),
        ):
            yield self.figure(name, title, rows, phrases=trained | phrases)
        yield self.figure("transfer_claims", "Claims on transfer", {}, drawing="claims", phrases=trained)

    def _rates_rows(self) -> dict[str, dict[str, object]]:
        return {
            self.file("rates", task, seed): {
                "images": self.study.title(dataset) + SHUFFLED.get(side, ""),
                "chance": self._chance(dataset),
            }
            for task, (dataset, side) in self.tuned.items()
            for seed in self.study.seeds
        }

    def _rows(self, part: str, **columns: object) -> dict[str, dict[str, object]]:
        return {
            self.file(part, dataset, seed): {"images": self.study.title(dataset), **columns}
            for dataset in self.targets
            for seed in self.study.seeds
        }

    def _shuffle_rows(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for dataset in self.sweeps:
            for side in self.sides:
                for start in STARTS:
                    run = self.shuffled(dataset, side, start)
                    found |= self._histories(run, self.study.title(dataset), side=side, network=start)
        return found

    def _checkpoint_rows(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = {}
        for dataset in self.sweeps:
            for epoch in self.checkpoints:
                run, title = self.from_epoch(dataset, epoch), self.study.title(dataset)
                found |= self._histories(run, title, start=epoch, network="P-T")
        pretrained = self.study.scratch_run(0)
        title = self.study.title(pretrained.task.dataset)
        return found | self._histories(pretrained, title, start=None, network=SOURCE)

    def _histories(self, run: Run, title: str, **columns: object) -> dict[str, dict[str, object]]:
        known = {"run": run.name, "images": title, "chance": self._chance(run.task.dataset), **columns}
        return {self.study.history(run.name, seed): {"seed": seed, **known} for seed in self.study.seeds}

    def _chance(self, dataset: str) -> float:
        """Return the accuracy of a guess in percent."""
        return 100 / self.study.classes_of(dataset)
