"""The experiment on what linear probes can read from layers: its networks, table and figures.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repdrift.experiments.decodability.specs import Counts, ProbesSpec, Tuned
from repdrift.experiments.decodability.tables import PROBES
from repdrift.experiments.experiment import Experiment
from repdrift.study.figure import Figure
from repdrift.study.runs import INITIAL, Run
from repdrift.study.study import CROSS_DOMAIN, DOMAIN, Study
from repdrift.study.tasks import Task, Transform


@dataclass(frozen=True)
class Settings:
    """The section ``decodability`` of the config.

    Attributes
    ----------
    images, test_images : int
        Numbers of images that probes are fitted and tested on, at most.
    penalty : float
        See `repdrift.networks.linear_probes.fit`.
    """

    images: int
    test_images: int
    penalty: float


class Decodability(Experiment):
    """How well linear probes of each layer tell the classes of the source and of the target, after fine-tuning."""

    folder = Path(__file__).parent
    heading = "What linear probes can read (ours)"
    claims_figure = "decodability_claims"
    tables = (PROBES,)

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.settings = settings
        # The role of each main target by its data set.
        self.roles = {dataset: role for role in (DOMAIN, CROSS_DOMAIN) for dataset in study.datasets_of([role])}

    def runs(self) -> Iterator[Run]:
        for dataset in self.roles:
            yield from self.tuned(dataset)

    def tuned(self, dataset: str) -> list[Run]:
        """Return the fine-tunings on a target, with all its label transforms."""
        role = self.roles[dataset]
        return [self.study.target_run(role, transform) for transform in self.study.transforms(role)]

    @property
    def unseen(self) -> Task:
        """A task whose test part has images of the source that no network of the study is trained on.

        The source's own test part can have images that the domain target is fine-tuned on. Networks would have learned
        the labels of these, true or random. The test part of the domain target has none of them.
        """
        source, domain = self.study.scratch_run(0).task, self.study.target_run(DOMAIN, self.study.most_random).task
        return domain if domain.dataset == source.dataset else source

    # Inputs and files of the table

    def networks(self, dataset: str, seed: int | str) -> list[str]:
        """List the paths of the weights of the initial, the pre-trained and the fine-tuned networks."""
        tuned = [(run.name, "final") for run in self.tuned(dataset)]
        return [self.study.model(one, seed) for one in (INITIAL, (self.study.pretrained, "final"), *tuned)]

    def task_files(self, dataset: str, seed: int | str) -> list[str]:
        """List the files of the tasks of the source's fitted and held-out images, and those of the fine-tunings."""
        tasks = [self.study.scratch_run(0).task, self.unseen, *(run.task for run in self.tuned(dataset))]
        return [self.study.labels(task.name, seed) for task in tasks]

    def images(self, dataset: str) -> list[str]:
        """List the files of the fitted and held-out images of the source, and then of the target."""
        source, target = self.study.scratch_run(0).task, self.study.target_task(dataset)
        parts = ((source, source.train), (self.unseen, self.unseen.test), (target, target.train), (target, target.test))
        return [self.study.images(task.dataset, part.split) for task, part in parts]

    def file(self, dataset: str, seed: int | str) -> str:
        return f"{self.study.folder}/decodability/{dataset}/seed{seed}.csv"

    def spec(self, dataset: str, seed: int) -> ProbesSpec:
        return ProbesSpec(
            dataset=dataset,
            seed=seed,
            network=self.study.measured_network(self.study.pretrained),
            tuned=tuple(Tuned(run.name, series(run.task.transform)) for run in self.tuned(dataset)),
            source=self._counts(self.study.scratch_run(0).task, self.unseen),
            target=self._counts(self.study.target_task(dataset), self.study.target_task(dataset)),
            penalty=self.settings.penalty,
            reduce=self.study.config.probe.reduce,
        )

    def _counts(self, fitted: Task, held_out: Task) -> Counts:
        calibration = self.study.calibration(fitted.role)
        return Counts(
            images=min(self.settings.images, fitted.size),
            test_images=min(self.settings.test_images, held_out.test.size),
            calibration=None if calibration is None else calibration.size,
        )

    @property
    def megabytes(self) -> int:
        """Memory in MB of the inner products of a job's images in all layers, if all layers are that wide."""
        specs = [self.spec(dataset, self.study.seeds[0]) for dataset in self.roles]
        images = max(one.images + one.test_images for spec in specs for one in (spec.source, spec.target))
        return len(self.study.architecture.layers) * 8 * images**2 // 10**6

    # Figures

    def figures(self) -> Iterator[Figure]:
        rows: dict[str, dict[str, object]] = {
            self.file(dataset, seed): {"images": self.study.title(dataset)}
            for dataset in self.roles
            for seed in self.study.seeds
        }
        phrases = {
            "source": self.study.title(self.study.config.source.dataset),
            "unseen": self.study.images_title(self.unseen.dataset, self.unseen.test),
            "images": f"{self.settings.images:,}",
            "test_images": f"{self.settings.test_images:,}",
            "penalty": f"{self.settings.penalty:g}",
        }
        yield self.figure("decodability", "Decodability", rows, phrases=phrases)
        yield self.figure("decodability_claims", "Claims on decodability", {}, drawing="claims", phrases=phrases)


def series(transform: Transform) -> str:
    """Return the name in figures of a network that is fine-tuned on labels with a transform."""
    return "shifted labels" if transform.kind == "shift" else f"d = {transform.value}"
