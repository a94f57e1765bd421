"""Claims R1 to R7 of Chen et al. (2022): rethinking two consensuses of the transferability in deep learning.

The claims are tested in kind, not in numbers, since data sets differ and the network is small, with four layers and a
head that is kept. The paper leaves some things open. docs/transferability.md says for each claim what was decided, and
why. A trend is the change of the least-squares line of ln T over ranks, from the first to the last, with T by the mean
absolute difference. What holds "usually" or "mostly" must hold in the mean over targets. The paper does not define gap
and width, so the definitions are ours. Verdicts hold for the targets of the study: their intervals are over seeds.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from repdrift.claims.contrasts import (
    ANY,
    MEAN,
    OURS,
    Claim,
    Contrast,
    Key,
    Sentence,
    Weights,
    claims_of,
    contrast,
    mean_of,
    trend,
)
from repdrift.claims.scales import COEFFICIENT as PER_SD
from repdrift.claims.scales import LOG_RATIO
from repdrift.experiments.transferability.experiment import Transferability
from repdrift.experiments.transferability.tables import (
    AS_IN_THE_PAPER,
    COEFFICIENT,
    EPOCHS,
    GAP,
    HEAD,
    LAYERS,
    LN,
    LN_N,
    OVERALL,
    REGRESSION,
    STEPS,
    WIDTH,
    T,
)
from repdrift.study.runs import Run


def claims(experiment: Transferability) -> list[Claim]:
    """Return all claims, with the contrasts that the targets of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


def log_t(run: Run, item: str = OVERALL) -> Key:
    """Return the key of ln T of a run, overall or in one layer."""
    return LAYERS.key(run=run.name, reference="pretrained", measure=LN + T, item=item)


class Contrasts:
    """The contrasts of the claims for all targets. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Transferability) -> None:
        self.experiment, self.study = experiment, experiment.study
        self.title = experiment.study.title
        self.matrices = experiment.study.architecture.matrices[:-1]  # without the head
        self.whole = {dataset: experiment.whole(dataset) for dataset in experiment.targets}

    # Domains

    def gap(self) -> Iterator[Contrast]:
        yield self._coefficient(GAP)

    def width(self) -> Iterator[Contrast]:
        """Yield the coefficient of the width, as in the paper, and the trend over numbers of classes. Both decide."""
        yield self._coefficient(WIDTH)
        classes, images = self.experiment.classes, self.experiment.settings.class_images
        for dataset in self.experiment.sweeps:
            runs = [self.experiment.with_classes(dataset, number) for number in classes]
            yield from self._fall(f"{images:,} images of {_range(classes)} classes", runs, self.title(dataset))

    # Data

    def data(self) -> Iterator[Contrast]:
        """Yield the coefficient of ln N, as in the paper, and the trend over numbers of images. Both decide."""
        yield self._coefficient(LN_N)
        yield from self._sizes(EPOCHS, f"{self.experiment.epochs} epochs")

    def data_at_equal_steps(self) -> Iterator[Contrast]:
        return self._sizes(STEPS, f"{self.experiment.steps:,} steps")

    # Layers

    def falls(self) -> Iterator[Contrast]:
        parts = {
            self.title(dataset): trend([log_t(run, layer) for layer in self.matrices], -1)
            for dataset, run in self.whole.items()
        }
        label = f"fall of ln T from {self.matrices[0]} to {self.matrices[-1]}"
        return mean_of(label, "mean over targets", LAYERS.name, parts, LOG_RATIO)

    def not_the_first(self) -> Iterator[Contrast]:
        """Yield for each later layer how far it is above the first one. One of them suffices."""
        for layer in self.matrices[1:]:
            yield from self._higher(layer, self.matrices[0])

    def not_monotonic(self) -> Iterator[Contrast]:
        """Yield for each layer how far it is above the one before. One rise suffices."""
        for earlier, later in pairwise(self.matrices):
            yield from self._higher(later, earlier)

    def above_one(self) -> Iterator[Contrast]:
        new = self.study.config.finetune.head == "new"
        for layer in self.matrices:
            for dataset, run in self.whole.items():
                weights = {log_t(run, layer): 1.0}
                yield contrast(f"ln T of {layer}, above 0", LAYERS.name, weights, LOG_RATIO, self.title(dataset))
        label = f"ln T of the {'new' if new else 'kept'} head, equal to 0"
        for dataset, run in self.whole.items():
            if self.study.has_other_classes(dataset):
                continue  # its head has another size, so it has no T
            weights = {log_t(run, HEAD): 1.0}
            yield contrast(label, LAYERS.name, weights, LOG_RATIO, self.title(dataset), equal=True, decides=new)

    def _higher(self, more: str, less: str) -> Iterator[Contrast]:
        parts: dict[str, Weights] = {
            self.title(dataset): {log_t(run, more): 1.0, log_t(run, less): -1.0} for dataset, run in self.whole.items()
        }
        return mean_of(f"ln T of {more} less {less}", "mean over targets", LAYERS.name, parts, LOG_RATIO)

    def _sizes(self, equal: str, length: str) -> Iterator[Contrast]:
        for dataset in self.experiment.sweeps:
            sizes = self.experiment.sizes(dataset)
            runs = [self.experiment.sized(dataset, size, equal) for size in sizes]
            yield from self._fall(f"N = {_range(sizes)}, {length}", runs, self.title(dataset))

    def _fall(self, label: str, runs: Sequence[Run], target: str) -> Iterator[Contrast]:
        weights = trend([log_t(run) for run in runs], -1)
        yield contrast(f"{label}: fall of ln T", LAYERS.name, weights, LOG_RATIO, target)

    def _coefficient(self, predictor: str) -> Contrast:
        """Contrast the coefficient of a predictor in each seed's own regression. It is below 0 if T falls with it."""
        points = self.experiment.regressed
        domains = len({point.domain for point in points})
        label = f"regression over {len(points)} fine-tunings, {domains} domains: fall of ln T with {predictor}"
        weights = {REGRESSION.key(series=AS_IN_THE_PAPER, measure=COEFFICIENT, item=predictor): -1.0}
        return contrast(label, REGRESSION.name, weights, PER_SD)


def _range(values: Sequence[int]) -> str:
    return f"{min(values):,} to {max(values):,}"


CLAIMS = (
    Sentence("R1", "A larger domain gap lowers transferability", "consensus 1", "transferability_gap", Contrasts.gap,
             MEAN),
    Sentence("R2", "Transferability falls from lower to higher layers", "consensus 2", "transferability_layers",
             Contrasts.falls, MEAN),
    Sentence("R3", "More data of the target lower transferability", "finding 1", "transferability_data",
             Contrasts.data),
    Sentence("R3b", "... also at an equal number of steps", "ours", "transferability_data",
             Contrasts.data_at_equal_steps, origin=OURS),
    Sentence("R4", "More diverse data of the target lower transferability", "finding 1", "transferability_data",
             Contrasts.width),
    Sentence("R5", "The lowest layer is usually not the most transferable", "finding 2", "transferability_layers",
             Contrasts.not_the_first, ANY),
    Sentence("R6", "T is above 1 in all layers, and about 1 in a new head", "layer-wise figures",
             "transferability_layers", Contrasts.above_one),
    Sentence("R7", "It mostly does not fall monotonically from layer to layer", "layer-wise figures",
             "transferability_layers", Contrasts.not_monotonic, ANY),
)  # fmt: skip
