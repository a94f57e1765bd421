"""The experiment on movement: its trainings, tables and figures.

It asks whether later layers change more because of their depth, or because their weights move farther. It measures
networks of trainings that the paper's own figures need, so it adds none.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.movement.specs import MovementSpec, Trained
from repdrift.experiments.movement.tables import MOVEMENT
from repdrift.experiments.transferability.experiment import labels
from repdrift.study.figure import Figure
from repdrift.study.phrases import compared_on, intervals_and_seeds
from repdrift.study.runs import Checkpoint, Run
from repdrift.study.study import SOURCE, Study
from repdrift.study.tasks import Transform

FINAL = "final"
JUDGED = 0.1  # the relative size at which claims are judged; it was chosen before the data


@dataclass(frozen=True)
class Settings:
    """The section ``movement`` of the config."""

    roles: tuple[str, ...]
    sizes: tuple[float, ...]
    path: tuple[float, ...]


class Movement(Experiment):
    """The change of representations as a function of how far the weights of each part move."""

    folder = Path(__file__).parent
    heading = "Similarity at equal movement (ours)"
    claims_figure = "movement_claims"
    tables = (MOVEMENT,)

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.roles = [role for role in settings.roles if role != SOURCE or study.trains_source]
        self.sizes, self.path = sorted(settings.sizes), sorted(settings.path)

    # Trainings

    def runs(self) -> Iterator[Run]:
        for role in self.roles:
            yield from self.trainings(role).values()

    def trainings(self, role: str) -> dict[int, Run]:
        """Return the trainings on a role's images by degree of label randomness, in ascending order.

        For the source they are pre-trainings, and for a target they are fine-tunings.
        """
        study = self.study
        if role == SOURCE:
            return {degree: study.scratch_run(degree) for degree in sorted({0, *study.config.pretrain.random})}
        degrees = sorted(getattr(study.config.finetune, role).random)
        return {degree: study.target_run(role, Transform("random", degree)) for degree in degrees}

    # Files and specs

    def networks(self, role: str) -> list[Checkpoint]:
        """List the networks that are measured: the starts of the trainings of a role, and then their ends."""
        runs = self.trainings(role).values()
        return [*dict.fromkeys(run.parent for run in runs), *((run.name, FINAL) for run in runs)]

    def network_files(self, role: str, seed: int | str) -> list[str]:
        return [self.study.model(network, seed) for network in self.networks(role)]

    def file(self, role: str, seed: int | str) -> str:
        """Return the path of the table of a role and seed."""
        return f"{self.study.folder}/movement/{role}/seed{seed}.csv"

    def spec(self, role: str, seed: int) -> MovementSpec:
        study, runs = self.study, list(self.trainings(role).values())
        dataset, probe = study.probe(role)
        return MovementSpec(
            role=role,
            seed=seed,
            network=study.measured_network(runs[0].name, study.classes_of(dataset)),
            networks=tuple(map("/".join, self.networks(role))),
            trainings=tuple(
                Trained(run.name, labels(run.task.transform), "/".join(run.parent), f"{run.name}/{FINAL}", run.head)
                for run in runs
            ),
            probe=probe,
            calibration=study.calibration(role),
            reduce=study.config.probe.reduce,
            estimators=study.config.similarity.estimators,
            sizes=tuple(self.sizes),
            path=tuple(self.path),
            own=study.own_code(study.config.similarity.estimators),
        )

    # Figures

    def figures(self) -> Iterator[Figure]:
        seeds = self.study.seeds
        rows: dict[str, dict[str, object]] = {
            self.file(role, seed): {"images": self.study.title(self.study.probe(role)[0])}
            for role in self.roles
            for seed in seeds
        }
        phrases = {
            "compared_on": compared_on(self.study, self.roles),
            "points": intervals_and_seeds(len(seeds), "points", log=True),
        }
        yield self.figure("movement", "Movement of weights", rows, phrases=phrases)
        judged = {"judged": f"{JUDGED:g}"}
        yield self.figure("movement_claims", "Claims on movement", {}, drawing="claims", phrases=judged)
