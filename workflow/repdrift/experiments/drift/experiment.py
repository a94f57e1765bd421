"""The experiment on Goerttler and Obermayer (2022): its trainings, comparisons, tables and figures.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from repdrift.claims.contrasts import HistoryOf
from repdrift.experiments.drift import panels
from repdrift.experiments.drift.specs import (
    ComparedRun,
    Counterpart,
    CurveSpec,
    LayersSpec,
    SensitivitySpec,
    UsualMeasurement,
    ValidationSpec,
)
from repdrift.experiments.drift.validation import ESTIMATOR, counterparts
from repdrift.experiments.experiment import Experiment
from repdrift.study.choices import Choice
from repdrift.study.figure import Figure, Panel
from repdrift.study.phrases import compared_on, network_sentence
from repdrift.study.runs import INITIAL, VARIANT_SEPARATOR, Checkpoint, Run, prefix_of, variant_of
from repdrift.study.study import DOMAIN, SOURCE, Study
from repdrift.study.tasks import Part, Transform

Rows = dict[str, dict[str, object]]
MAIN, OTHERS = "main", "others"  # the last parts of the names of groups of trainings that are measured in one job


class Drift(Experiment):
    """The drift of representations from the initial and from the pre-trained network."""

    folder = Path(__file__).parent
    heading = "Drift of representations (Goerttler & Obermayer 2022)"
    claims_figure = "claims"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.needed = {run.name: run for run in self.runs()}

    # Trainings

    def runs(self) -> Iterator[Run]:
        """Yield the paper's trainings, in the order in which its figures name them, and then controls and variants."""
        own = list(self._own_runs())
        yield from own
        for name, choice in self.study.variants.items():
            for run in own if choice.runs == "all" else self.main_runs:
                yield self.study.in_variant(run, name)

    def _own_runs(self) -> Iterator[Run]:
        study, pretrain, controls = self.study, self.study.config.pretrain, self.study.config.controls
        if study.trains_source:
            for degree in dict.fromkeys([0, *pretrain.random]):
                yield study.scratch_run(degree)
            for degree in pretrain.sizes_random:
                for size in pretrain.sizes:
                    yield study.scratch_run(degree, size)
        yield from study.fine_tunings
        if controls.matched_steps and study.trains_source:
            for size in pretrain.sizes:
                yield study.scratch_run(max(pretrain.sizes_random), size, controls.matched_steps)

    @property
    def main_runs(self) -> list[Run]:
        """The main trainings: on the true and on the most random labels, from scratch and in fine-tuning."""
        study = self.study
        most, domain = study.most_random, study.config.finetune.domain
        degrees = sorted({0, max(study.config.pretrain.random)}) if study.trains_source else []
        targets = sorted({min(domain.random), int(most.value)})
        return [
            *(study.scratch_run(degree) for degree in degrees),
            *(study.target_run(DOMAIN, Transform("random", degree)) for degree in targets),
        ]

    @property
    def usual_runs(self) -> list[str]:
        """The names of the trainings of the study itself, without those of variants."""
        return [name for name in self.needed if not variant_of(name)]

    # Other choices of measurement

    @property
    def main_variants(self) -> list[str]:
        """The names of the main trainings of the study itself and of its variants."""
        main = self.main_runs
        variants = [self.study.in_variant(run, name) for name in self.study.variants for run in main]
        return [run.name for run in [*main, *variants]]

    @property
    def tried_runs(self) -> list[str]:
        """The names of the trainings for which other choices of measurement are tried."""
        return list(self.needed) if self.study.config.sensitivity.runs == "all" else self.main_variants

    @property
    def bn_modes(self) -> list[str]:
        """The modes of batch normalisation that are compared, with the study's own first."""
        config = self.study.config
        return list(dict.fromkeys([config.probe.bn, *config.sensitivity.bn]))

    @property
    def reductions(self) -> list[str]:
        """The reductions of layers that are compared, with the study's own first."""
        config = self.study.config
        return list(dict.fromkeys([config.probe.reduce, *config.sensitivity.reduce]))

    @cached_property
    def tried_groups(self) -> dict[tuple[str, str], list[Run]]:
        """The trainings for which other choices of measurement are tried, by the role of the probe and by their group.

        Those of a group are measured in one job. The main trainings of the study and of each variant are a group, and
        so are the others.
        """
        found: dict[tuple[str, str], list[Run]] = {}
        for name in self.tried_runs:
            for role in self.study.probes(self.needed[name]):
                found.setdefault((role, self._group_of(name)), []).append(self.needed[name])
        return found

    def _group_of(self, run: str) -> str:
        return prefix_of(variant_of(run)) + (MAIN if run in self.main_variants else OTHERS)

    def _is_large(self, role: str, group: str) -> bool:
        """Return whether a group has the main trainings on their own probe.

        Only these are measured on thousands of images and under permutations, since both take much time.
        """
        main = group.rpartition(VARIANT_SEPARATOR)[2] == MAIN
        return main and all(run.task.role == role for run in self.tried_groups[role, group])

    def probe_sizes(self, role: str, group: str) -> list[int]:
        """Return the numbers of images that are tried for a group, on the probe of a role, in ascending order.

        A probe is at most as large as the test part.
        """
        usual = self.study.config.probe.images
        most = self.study.test_size(role) if self._is_large(role, group) else usual
        return sorted(size for size in {usual, *self.study.config.sensitivity.images} if size <= most)

    def sensitivity_references(self, run: Run) -> dict[str, Checkpoint]:
        """Return the networks that a run is compared with under other choices, without the unrelated random one."""
        return {name: found for name, found in self.study.references(run).items() if name != "independent"}

    def sensitivity_networks(self, role: str, group: str) -> list[Checkpoint]:
        """Return the networks of a group: those of its runs and their references, each once."""
        pairs = (
            ((run.name, "final"), *self.sensitivity_references(run).values()) for run in self.tried_groups[role, group]
        )
        return list(dict.fromkeys(network for networks in pairs for network in networks))

    def probe_samples(self, role: str) -> int:
        """Return the number of separate probes of the usual size that the test part of a role has, up to the wanted."""
        return min(self.study.config.sensitivity.samples, self.study.test_size(role) // self.study.config.probe.images)

    def sensitivity_permutations(self, role: str, group: str) -> int:
        """Return the number of permutations by which similarities under other estimators are calibrated, or 0."""
        settings = self.study.config.similarity
        return settings.permutations if settings.calibrated and self._is_large(role, group) else 0

    def sensitivity_images(self, role: str) -> list[str]:
        """List the files of the calibration images and of the probe of a role."""
        return self.study.probe_images(role, self.sensitivity_calibration(role))

    def sensitivity_calibration(self, role: str) -> Part | None:
        """Return the calibration images, or None if no mode of batch normalisation needs them."""
        return self.study.calibration_images(role) if "calibrated" in self.bn_modes else None

    @cached_property
    def counterparts(self) -> tuple[Counterpart, ...]:
        """The trainings that the authors have published numbers of."""
        return counterparts(self.study)

    # Files

    def curve(self, seed: int | str) -> str:
        """Return the path of the table of similarities over the epochs of pre-training."""
        return f"{self.study.folder}/similarity/curve/seed{seed}.csv"

    def curve_checkpoints(self, seed: int | str) -> list[str]:
        """List the paths of the weights at each of these epochs, with the initial weights first."""
        kept = [(self.study.pretrained, f"epoch{epoch}") for epoch in self.study.checkpoint_epochs]
        return [self.study.model(checkpoint, seed) for checkpoint in (INITIAL, *kept)]

    def sensitivity(self, role: str, group: str, seed: int | str) -> str:
        """Return the path of the table of a group's similarities under other choices, on the probe of a role."""
        return f"{self.study.folder}/similarity/sensitivity/{role}/{group}/seed{seed}.csv"

    def sensitivity_files(self, role: str, group: str, seed: int | str) -> list[str]:
        """List the weights of the networks of a group."""
        return [self.study.model(network, seed) for network in self.sensitivity_networks(role, group)]

    def layers(self, seed: int | str) -> str:
        """Return the path of the table of similarities of all layers with all layers."""
        return f"{self.study.folder}/similarity/layers/seed{seed}.csv"

    @property
    def layer_networks(self) -> list[Checkpoint]:
        """The networks whose layers are all compared: the initial, the pre-trained and the main fine-tuned ones."""
        tuned = [(run.name, "final") for run in self.main_runs if run.task.role == DOMAIN]
        return [INITIAL, (self.study.pretrained, "final"), *tuned]

    def measured_runs(self) -> Iterator[tuple[str, str, int]]:
        for run in self.usual_runs:
            for role in self.study.probes(self.needed[run]):
                for seed in self.study.seeds:
                    yield role, run, seed

    def curves(self) -> list[str]:
        return list(self.curve_rows)

    # Specs

    def curve_spec(self, seed: int) -> CurveSpec:
        study = self.study
        _, probe = study.probe(SOURCE)
        return CurveSpec(
            run=study.pretrained,
            seed=seed,
            network=study.measured_network(study.pretrained),
            probe=probe,
            calibration=study.calibration(SOURCE),
            epochs=study.checkpoint_epochs,
            estimators=study.config.similarity.estimators,
            reduce=study.config.probe.reduce,
            own=study.own_code(study.config.similarity.estimators),
        )

    def layers_spec(self, seed: int) -> LayersSpec:
        return LayersSpec(tuple(run for run, _ in self.layer_networks), seed)

    def sensitivity_spec(self, role: str, group: str, seed: int) -> SensitivitySpec:
        study, usual = self.study, self.study.config.probe
        sizes, samples = self.probe_sizes(role, group), self.probe_samples(role)
        runs = self.tried_groups[role, group]
        _, probe = study.probe(role)
        estimators = dict.fromkeys([*study.config.similarity.estimators, *study.config.sensitivity.estimators])
        return SensitivitySpec(
            runs=tuple(self._compared(run) for run in runs),
            networks=tuple(map(_network_name, self.sensitivity_networks(role, group))),
            seed=seed,
            role=role,
            network=study.measured_network(runs[0].name),
            probe=probe.first(max(*sizes, samples * usual.images)),
            calibration=self.sensitivity_calibration(role),
            usual=UsualMeasurement(usual.images, usual.bn, usual.reduce),
            sizes=tuple(sizes),
            samples=samples,
            bn=tuple(self.bn_modes),
            estimators=tuple(estimators),
            permutations=self.sensitivity_permutations(role, group),
            reduce=tuple(self.reductions),
            own=study.own_code(estimators),
        )

    def _compared(self, run: Run) -> ComparedRun:
        references = {name: _network_name(found) for name, found in self.sensitivity_references(run).items()}
        return ComparedRun(run.name, _network_name((run.name, "final")), references)

    def validation_spec(self) -> ValidationSpec:
        owners = tuple(HistoryOf(one.run, seed) for one in self.counterparts for seed in self.study.seeds)
        return ValidationSpec(self.counterparts, owners, ESTIMATOR)

    def validated_similarities(self) -> list[str]:
        """List the tables of similarities that are compared with published numbers."""
        return list(self.similarity_rows(one.run for one in self.counterparts))

    def validated_histories(self) -> list[str]:
        """List the histories that are compared with published numbers."""
        return [self.study.history(one.run, one.seed) for one in self.validation_spec().histories]

    # Rows of tables

    @property
    def curve_rows(self) -> Rows:
        """The tables behind figure 1, with the columns that are added to each."""
        if not self.study.trains_source:
            return {}
        return {self.curve(seed): {"images": self.study.probe_title(SOURCE)} for seed in self.study.seeds}

    def similarity_rows(self, runs: Iterable[str]) -> Rows:
        """Return the tables of similarities of some runs on their own probes, with the columns that are added."""
        roles = {run: self.needed[run].task.role for run in runs}
        return {
            self.study.similarity(role, run, seed): {"images": self.study.probe_title(role)}
            for run, role in roles.items()
            for seed in self.study.seeds
        }

    def history_rows(self, runs: Iterable[str]) -> Rows:
        """Return the histories of some runs, with the columns that are added to each.

        A history names neither its run and seed nor the number of classes, so these are among the added columns.
        """
        return {
            self.study.history(run, seed): {
                "run": run,
                "seed": seed,
                "images": self.study.title(self.needed[run].task.dataset),
                "classes": self.study.classes_of(self.needed[run].task.dataset),
            }
            for run in runs
            for seed in self.study.seeds
        }

    @property
    def layers_rows(self) -> Rows:
        """The tables of similarities of all layers with all layers, with the columns that are added to each."""
        return {self.layers(seed): {"images": self.study.probe_title(DOMAIN)} for seed in self.study.seeds}

    def sensitivity_rows(self, runs: Iterable[str]) -> Rows:
        """Return the tables of similarities under other choices on the runs' own probes, with the columns added."""
        return {
            self.sensitivity(self.needed[run].task.role, self._group_of(run), seed): {
                "images": self.study.title(self.needed[run].task.dataset)
            }
            for run in runs
            for seed in self.study.seeds
        }

    def tried(self) -> list[str]:
        """List the tables of similarities under other choices that the multiverse reads."""
        return [self.sensitivity(*found, seed) for found in self.tried_groups for seed in self.study.seeds]

    # Figures

    def figures(self) -> Iterator[Figure]:
        study = self.study
        if self.counterparts:
            yield self.figure("validation", "Validation", {})
        if study.trains_source:
            yield from self._of_pretraining()
        yield self._of_layers("fig4", "Figure 4", list(panels.fine_tuned(study)))
        yield self._of_layers("fig5", "Figure 5", list(panels.both_references(study)))
        controls = list(panels.controls(study))
        if controls:
            shown = {"shown": panels.controls_in_words(study)}
            yield self._of_layers("controls", "Controls", controls, shown)
        maps = list(panels.layers(self.layer_networks, self.needed))
        on_domain = {"compared_on": compared_on(study, [DOMAIN])}
        yield self.figure("layers", "All layers", self.layers_rows, drawing="heatmap", panels=maps, phrases=on_domain)
        tried = list(panels.sensitivity(study, self.main_runs))
        rows = self.sensitivity_rows(_runs(tried))
        yield self.figure("sensitivity", "Sensitivity", rows, panels=tried, choices=self._choices)

    def _of_pretraining(self) -> Iterator[Figure]:
        """Yield figures 1 to 3, which are about networks that are trained from scratch."""
        study = self.study
        curve = [panels.pretraining(study)]
        source = {"source": study.title(study.config.source.dataset)}
        on_source = source | {"compared_on": compared_on(study, [SOURCE])}
        yield self.figure("fig1", "Figure 1", self.curve_rows, drawing="curve", panels=curve, phrases=on_source)
        degrees = [panels.degrees(study)]
        yield self.figure("fig2", "Figure 2", self.history_rows(_runs(degrees)), drawing="history", panels=degrees)
        sizes = [panels.sizes(study, degree) for degree in study.config.pretrain.sizes_random]
        yield self._of_layers("fig3", "Figure 3", [*degrees, *sizes])

    def summaries(self) -> Iterator[Figure]:
        roles = [self.needed[run].task.role for run in self.usual_runs]
        yield self.figure("claims", "Claims", {}, phrases={"compared_on": compared_on(self.study, roles)})
        yield self.figure(
            "multiverse", "Multiverse", {}, phrases={"network": network_sentence(self.study, self._choices)}
        )

    @property
    def _choices(self) -> list[Choice]:
        """The study's own network and training, and then those of its variants with the same layers."""
        return [self.study.own, *self.study.alike.values()]

    def _of_layers(self, name: str, title: str, shown: list[Panel], phrases: Mapping[str, str] | None = None) -> Figure:
        """Make a figure of the similarities of layers. Its caption names the images on which they are measured."""
        runs = _runs(shown)
        probes = compared_on(self.study, [self.needed[run].task.role for run in runs])
        found = {"compared_on": probes, **(phrases or {})}
        return self.figure(name, title, self.similarity_rows(runs), drawing="layers", panels=shown, phrases=found)


def _network_name(network: Checkpoint) -> str:
    return "/".join(network)


def _runs(shown: Iterable[Panel]) -> list[str]:
    """List the names of the runs of some panels, in order and without repetition."""
    return list(dict.fromkeys(series.run for panel in shown for series in panel.series))
