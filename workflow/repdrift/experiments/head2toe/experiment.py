"""The experiment on Evci et al. (2022), Head2Toe: its targets, methods, tables and figures.

A target is a task with few training examples. It has the images of a data set, as they are or shuffled.
The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from repdrift.experiments.experiment import Experiment
from repdrift.experiments.head2toe.budget import after_probe, budgets
from repdrift.experiments.head2toe.specs import AffinitySpec, FeaturesSpec, ProbeBefore, ProbesSpec, TuningSpec
from repdrift.experiments.head2toe.tables import (
    AFFINITIES,
    FINE_TUNING,
    HEAD2TOE,
    HEAD2TOE_FT,
    LINEAR,
    LP_FT,
    METHODS,
    SCRATCH,
)
from repdrift.study.figure import Figure
from repdrift.study.runs import INITIAL, Checkpoint
from repdrift.study.study import Study
from repdrift.study.tasks import Task, shuffle_suffix

PROBES = "probes"
TUNINGS = (FINE_TUNING, SCRATCH, LP_FT, HEAD2TOE_FT)  # the methods that train the network; each has its own table
PROBES_BEFORE = {LP_FT: LINEAR, HEAD2TOE_FT: HEAD2TOE}  # the probe from which a method trains the network
PARTS = 5  # number of parts of the training examples; each of the first ``folds`` parts is a validation set in turn


@dataclass(frozen=True)
class Settings:
    """The section ``head2toe`` of the config."""

    targets: tuple[str, ...]
    sweeps: tuple[str, ...]
    shuffle: tuple[int, ...]
    images: int
    folds: int
    test_images: int
    target_sizes: tuple[int, ...]
    steps: tuple[int, ...]
    learning_rates: tuple[float, ...]
    epochs: tuple[int, ...]
    window: float
    offsets: tuple[float, ...]


class Head2Toe(Experiment):
    """Linear probes on selected features of all layers, compared with other probes and with training the network."""

    folder = Path(__file__).parent
    heading = "Features of all layers (Evci et al. 2022)"
    claims_figure = "head2toe_claims"
    tables = (METHODS, AFFINITIES)

    def __init__(self, study: Study, settings: Settings) -> None:
        super().__init__(study)
        self.settings = settings
        self.targets = study.datasets_of(settings.targets)
        self.sweeps = self.chosen(study.datasets_of(settings.sweeps), self.targets)
        self.tasks_of = dict(self._targets())

    # Targets

    def tasks(self) -> Iterator[Task]:
        yield from self.tasks_of.values()

    def _targets(self) -> Iterator[tuple[str, Task]]:
        """Yield the names of the targets in files and tables, and their tasks."""
        for dataset in self.targets:
            yield dataset, self._task(dataset)
        for dataset in self.sweeps:
            for side in self.settings.shuffle:
                yield f"{dataset}{shuffle_suffix(side)}", self._task(dataset, side)

    def _task(self, dataset: str, shuffle: int | None = None) -> Task:
        return self.study.target_task(dataset, size=self.settings.images, shuffle=shuffle)

    def title(self, target: str) -> str:
        """Return the title of a target in figures."""
        task = self.tasks_of[target]
        images = self.study.title(task.dataset)
        if task.shuffle is None:
            return images
        return f"{images}, blocks of {task.shuffle}" if task.shuffle else f"{images}, shuffled values"

    # Files

    @property
    def parents(self) -> dict[str, Checkpoint]:
        """The weights from which each method that trains the network starts."""
        pretrained = (self.study.pretrained, "final")
        return {method: INITIAL if method == SCRATCH else pretrained for method in TUNINGS}

    def networks(self, seed: int) -> list[str]:
        """List the paths of the pre-trained network of a seed, and of that of another seed if there is one.

        The other seed is the one before, or the second one for the first. This way, appending a seed to the config
        changes nothing for the others.
        """
        if not self.study.trains_source:  # all seeds begin with the same weights
            return [self.study.model((self.study.pretrained, "final"), seed)]
        seeds = self.study.seeds
        place = seeds.index(seed)
        second = seeds[place - 1 if place else 1 : place or 2]
        return [self.study.model((self.study.pretrained, "final"), each) for each in (seed, *second)]

    def images(self, target: str) -> list[str]:
        return self.study.task_images(self.tasks_of[target])

    def labels(self, target: str, seed: int | str) -> str:
        return self.study.labels(self.tasks_of[target].name, seed)

    def features(self, target: str, seed: int | str) -> str:
        return f"{self.study.folder}/head2toe/features/{target}/seed{seed}.safetensors"

    def probe(self, target: str, seed: int | str) -> str:
        return f"{self.study.folder}/head2toe/probes/{target}/seed{seed}.safetensors"

    def table(self, methods: str, target: str, seed: int | str) -> str:
        """Return the path of the table of the probes, or of a method that trains the network."""
        return f"{self.study.folder}/head2toe/{methods}/{target}/seed{seed}.csv"

    @property
    def method_tables(self) -> list[tuple[str, str, int]]:
        """The methods, target and seed of each of these tables."""
        return [
            (methods, target, seed)
            for methods in (PROBES, *TUNINGS)
            for target in self.tasks_of
            for seed in self.study.seeds
        ]

    @property
    def affinity(self) -> str:
        return f"{self.study.folder}/head2toe/affinity.csv"

    @property
    def compared(self) -> dict[str, str]:
        """The titles of the targets in the tables from which affinities are computed, by path."""
        wanted = (PROBES, SCRATCH)
        return {self.table(*key): self.title(key[1]) for key in self.method_tables if key[0] in wanted}

    def features_before(self, method: str, target: str, seed: int | str) -> list[str]:
        """List the features for the probe from which a method trains the network. Only some methods have one."""
        return [self.features(target, seed)] if method in PROBES_BEFORE else []

    # Specs

    def affinity_spec(self) -> AffinitySpec:
        return AffinitySpec(tuple(self.compared.values()))

    def test_images(self, target: str) -> int:
        """Return the number of test images of a target that are used."""
        return min(self.settings.test_images, self.tasks_of[target].test.size)

    def features_spec(self, target: str, seed: int) -> FeaturesSpec:
        return FeaturesSpec(
            network=self.study.measured_network(self.study.pretrained),
            networks=("own", "second")[: len(self.networks(seed))],
            target_sizes=self.settings.target_sizes,
            test_images=self.test_images(target),
        )

    def probes_spec(self, target: str, seed: int) -> ProbesSpec:
        settings = self.settings
        return ProbesSpec(
            target=target,
            seed=seed,
            network=self._network(target),
            parts=PARTS,
            target_sizes=settings.target_sizes,
            folds=settings.folds,
            steps=settings.steps,
            window=settings.window,
            offsets=settings.offsets,
        )

    def tuning_spec(self, method: str, target: str, seed: int) -> TuningSpec:
        settings, before, lengths = self.settings, None, self.settings.epochs
        if method in PROBES_BEFORE:
            before = ProbeBefore(PROBES_BEFORE[method], settings.target_sizes, settings.steps)
            lengths = after_probe(lengths)
        return TuningSpec(
            method=method,
            target=target,
            seed=seed,
            network=self._network(target),
            head="new"
            if method == FINE_TUNING or self.study.has_other_classes(self.tasks_of[target].dataset)
            else "keep",
            training=self.study.config.training,
            learning_rates=settings.learning_rates,
            epochs=lengths,
            parts=PARTS,
            folds=settings.folds,
            test_images=self.test_images(target),
            probe=before,
        )

    def _network(self, target: str) -> dict[str, object]:
        """Return the settings of the network for the classes of a target."""
        study = self.study
        return study.measured_network(study.pretrained, study.classes_of(self.tasks_of[target].dataset))

    # Figures

    def figures(self) -> Iterator[Figure]:
        phrases = {
            "budget": self._budget(),
            "window": f"{self.settings.window:.0%}",
        }
        every = {self.table(*key): self._columns(key[1]) for key in self.method_tables}
        probes = {self.table(*key): self._columns(key[1]) for key in self.method_tables if key[0] == PROBES}
        make = self.figure
        yield make("head2toe", "Probes and fine-tuning", every, phrases=phrases)
        yield make("head2toe_affinity", "Gain, layers and affinity", {self.affinity: {}}, phrases=phrases)
        yield make("head2toe_layers", "Layers of the features", probes, phrases=phrases)
        yield make("head2toe_cost", "Accuracy and cost", every, phrases=phrases)
        yield make("head2toe_claims", "Claims on Head2Toe", {}, drawing="claims")

    def _columns(self, target: str) -> dict[str, object]:
        """Return the columns that figures add to the rows of a target."""
        return {"images": self.title(target), "dataset": self.tasks_of[target].dataset}

    def _budget(self) -> str:
        """Return the sentences that tell with how many examples and configurations every method is fitted."""
        settings = self.settings
        numbers = " or ".join(map(str, budgets(settings.learning_rates, settings.epochs)))
        parts = f" in each of {settings.folds} folds" if settings.folds > 1 else ""
        return (
            f"Each target has {settings.images:,} training examples. Every method chooses among {numbers} "
            f"configurations by its accuracy on {settings.images // PARTS:,} of these examples{parts}. It is then "
            "fitted on all examples. Frozen and trained networks use the running statistics of batch normalisation."
        )
