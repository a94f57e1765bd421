"""The plan of a study: the trainings, tasks, figures and claims of all its experiments together.

The Snakefile imports this module, so it needs nothing heavy.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from repdrift.claims.contrasts import Claim, histories_of
from repdrift.claims.frozen import FROZEN
from repdrift.claims.regime import CONFIRMATORY, EXPLORATORY, Regime
from repdrift.experiments.experiment import Experiment
from repdrift.plan.experiments import claims_of, planned
from repdrift.study.description import conv4
from repdrift.study.figure import Figure
from repdrift.study.phrases import network_in_words
from repdrift.study.runs import Run, prefix_of
from repdrift.study.sections import parse
from repdrift.study.study import SOURCE, Study
from repdrift.study.tasks import Part, Task

STEP_SECONDS = 0.055  # time of a training step of conv4 with 32 images on one core, see docs/cluster.md
CONV4_MULTIPLICATIONS = conv4().multiplications


class Plan:
    """Everything that a checked config asks for.

    Attributes
    ----------
    study : Study
    experiments : dict of str to Experiment
        The experiments by name.
    runs : dict of str to Run
        All trainings by name, in the order in which the experiments name them.
    tasks : dict of str to Task
        The tasks of these trainings, and those that experiments need without a training, by name.
    figures : dict of str to Figure
        The figures by name, in the order of the report.
    claims : dict of str to list of Claim
        The claims by the name of the figure that shows their verdicts.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.study = Study(parse(config))
        self.experiments = planned(self.study)
        every = list(self.experiments.values())
        self.runs = merged(run for experiment in every for run in experiment.runs())
        tasks = [*(run.task for run in self.runs.values()), *(task for one in every for task in one.tasks())]
        self.tasks: dict[str, Task] = {task.name: task for task in tasks}
        figures = [figure for one in every for figure in one.figures()]
        summaries = [figure for one in every for figure in one.summaries()]
        self.figures: dict[str, Figure] = {figure.name: figure for figure in (*figures, *summaries)}
        self._names = {one.claims_figure: name for name, one in self.experiments.items()}
        self.claims: dict[str, list[Claim]] = {
            one.claims_figure: claims_of(name, one) for name, one in self.experiments.items()
        }

    @staticmethod
    def figures_of(experiment: Experiment) -> list[str]:
        """List the names of the figures of an experiment."""
        return [figure.name for figure in (*experiment.figures(), *experiment.summaries())]

    # Trainings, by the rules that make them

    @property
    def scratch_runs(self) -> list[str]:
        """The names of the trainings on source images, without the one that is fine-tuned later."""
        return [name for name, run in self.runs.items() if run.task.role == SOURCE and name != self.study.pretrained]

    @property
    def target_runs(self) -> list[str]:
        """The names of the trainings on targets that keep their final weights only."""
        return [name for name, run in self.runs.items() if run.task.role != SOURCE and not run.checkpoints]

    @property
    def path_runs(self) -> list[str]:
        """The names of the trainings on targets that also keep weights of earlier epochs."""
        return [name for name, run in self.runs.items() if run.task.role != SOURCE and run.checkpoints]

    @property
    def path_epochs(self) -> tuple[int, ...]:
        """The epochs whose weights these trainings keep. They are the same for all, see `merged`.

        Raises
        ------
        ValueError
            If one of these trainings ends before the last of the epochs.
        """
        (epochs,) = {self.runs[name].checkpoints for name in self.path_runs} or {()}
        for name in self.path_runs:
            last = self.study.epochs_of(self.runs[name])
            if last < epochs[-1]:
                raise ValueError(f"{name} ends in epoch {last}, and its weights of epoch {epochs[-1]} are to be kept")
        return epochs

    # Verdicts

    def _judged(self, claims_figure: str) -> Experiment:
        return self.experiments[self._names[claims_figure]]

    def regime(self, claims_figure: str) -> Regime:
        """Return what the verdicts on some claims hold for."""
        study, config = self.study, self.study.config
        return Regime(
            network=network_in_words(study, [study.own]),
            images=Part.parse(config.source.train).size if study.trains_source else None,
            epochs=config.pretrain.epochs if study.trains_source else None,
            target_images=Part.parse(config.finetune.domain.train).size,
            target_epochs=config.finetune.epochs,
            encodings=FROZEN[self._names[claims_figure]].words,
            evidence=EXPLORATORY if set(study.seeds) & set(config.seen_seeds) else CONFIRMATORY,
        )

    # Resources

    @property
    def more_memory(self) -> int:
        """Memory in MB that a job needs for the study's largest network, beyond what suffices for the paper's conv4."""
        largest = max(self.study.description_of(prefix_of(variant)).megabytes for variant in self.study.choices)
        return largest // 100 * 100

    @property
    def slowness(self) -> float:
        """How much longer a pass through the study's slowest network takes than through the paper's conv4, or 1."""
        return max(self._slowness(prefix_of(variant)) for variant in self.study.choices)

    def _slowness(self, name: str) -> float:
        return max(1.0, self.study.description_of(name).multiplications / CONV4_MULTIPLICATIONS)

    def group(self, name: str) -> str:
        """Return the name of the group of trainings of similar length: up to 1,000 steps, 10,000 steps and so on.

        A scheduler can run several trainings of a group in one job. The pre-training that all fine-tunings wait for has
        a group of its own.
        """
        kind = "source" if name == self.study.pretrained else "train"
        return f"{kind}{max(1000, 10 ** len(str(self.runs[name].steps - 1)))}"

    def minutes(self, name: str) -> int:
        """Return the time limit of a training: 5 minutes, and three times what its steps take on one core."""
        step = STEP_SECONDS * self._slowness(name) * self.study.choice(name).training.batch_size / 32
        return math.ceil(5 + self.runs[name].steps * 3 * step / 60)

    def measured_network(self, name: str) -> dict[str, object]:
        """Return the settings of the network of a run or of initial weights, with the layers that are compared."""
        run = self.runs.get(name)
        classes = self.study.classes if run is None else self.study.classes_of(run.task.dataset)
        return self.study.measured_network(name, classes)

    # Input files of rules

    @property
    def histories(self) -> list[str]:
        """List the histories of all trainings: of each run in order, those of all seeds."""
        return [self.study.history(run, seed) for run in self.runs for seed in self.study.seeds]

    def parent(self, run: str, seed: int | str) -> str:
        """Return the path of the weights that a training starts from."""
        return self.study.model(self.runs[run].parent, seed)

    def task_images(self, task: str) -> list[str]:
        """List the files of a task's training and test images."""
        return self.study.task_images(self.tasks[task])

    def probe_images(self, role: str) -> list[str]:
        """List the files of a role's calibration images and of its probe."""
        return self.study.probe_images(role, self.study.calibration(role))

    def reference_activations(self, role: str, run: str, seed: int | str) -> list[str]:
        """List the activations of the networks that a run's final network is compared with, on the probe of a role."""
        references = self.study.references(self.runs[run])
        return [self.study.activations(role, found, seed) for found in references.values()]

    def claim_similarities(self, claims_figure: str) -> list[str]:
        """List the tables of similarities that some claims read."""
        return self._judged(claims_figure).similarities()

    def claim_halves(self, claims_figure: str) -> list[str]:
        """List the tables of the same similarities on random halves of the probe."""
        return self._judged(claims_figure).halves()

    def claim_curves(self, claims_figure: str) -> list[str]:
        """List the tables of similarities over epochs that some claims read."""
        return self._judged(claims_figure).curves()

    def claim_histories(self, claims_figure: str) -> list[str]:
        """List the histories that some claims read."""
        histories = histories_of(self.claims[claims_figure], self.study.seeds)
        return [self.study.history(one.run, one.seed) for one in histories]

    def claim_tables(self, claims_figure: str) -> dict[str, tuple[str, ...]]:
        """Return the columns that identify a number in each table that some claims read, by the table's name."""
        # JSON sorts the keys of a spec, so the files of the tables are passed to the program in the same order.
        return dict(sorted((table.name, table.columns) for table in self._judged(claims_figure).tables))


def merged(runs: Iterable[Run]) -> dict[str, Run]:
    """Return runs by name. A run that several experiments need keeps its weights at the epochs of all of them.

    One rule makes all runs on targets that keep their weights at some epochs, so its outputs are the same for all of
    them. If experiments ask for different epochs, each of these runs therefore keeps its weights at all the epochs.
    """
    found: dict[str, Run] = {}
    for run in runs:
        epochs = {*run.checkpoints, *(found[run.name].checkpoints if run.name in found else ())}
        found[run.name] = replace(run, checkpoints=tuple(sorted(epochs)))
    on_the_way = {name: run for name, run in found.items() if run.task.role != SOURCE and run.checkpoints}
    every = tuple(sorted({epoch for run in on_the_way.values() for epoch in run.checkpoints}))
    return found | {name: replace(run, checkpoints=every) for name, run in on_the_way.items()}
