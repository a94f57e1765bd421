"""Claims R1 to R7 of Chen et al. (2022): rethinking two consensuses of the transferability in deep learning.

The claims are tested in kind, not in numbers, since data sets differ and the network is small, with four layers and a
head that is kept. The paper leaves some things open, which were decided here before any data. A trend is the slope of
ln T over ranks, with T by the mean absolute difference. What holds "usually" or "mostly" must hold in the mean over
targets. The paper does not define gap and width, so the definitions are ours. Claims whose names end with a letter are
ours too.
"""

import math
from collections.abc import Iterator, Sequence

from repdrift.claims.contrasts import Claim, Contrast, Key, claims_of, contrast, over_targets, slope_in_ranks, trend
from repdrift.experiments.transferability.experiment import Transferability
from repdrift.experiments.transferability.tables import (
    AS_IN_THE_PAPER,
    COEFFICIENT,
    GAP,
    HEAD,
    LAYERS,
    LEAD,
    LN,
    OVERALL,
    REGRESSION,
    RISE,
    WIDTH,
    T,
)
from repdrift.study.runs import Run

CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4")
MARGIN = math.log(1.1)  # our margin: T of a new head counts as about 1 from 1 / 1.1 to 1.1


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
        self.whole = {dataset: experiment.whole(dataset) for dataset in experiment.targets}

    # Domains

    def gap(self) -> Iterator[Contrast]:
        yield self._coefficient(GAP)

    def order(self) -> Iterator[Contrast]:
        """Yield the trend over targets in the order of the gaps that we expected. Random labels come last."""
        (domain,) = self.study.datasets_of(["domain"])
        if domain in self.whole:
            shifts = [transform for transform in self.study.transforms("domain") if transform.kind == "shift"]
            random = [self.study.most_random] if self.study.most_random.value else []
            yield from self._trend(
                "own images to random labels",
                [
                    self.whole[domain],
                    *(self.study.target_run("domain", transform) for transform in shifts),
                    *(run for dataset, run in self.whole.items() if dataset != domain),
                    *(self.study.target_run("domain", transform) for transform in random),
                ],
            )

    def width(self) -> Iterator[Contrast]:
        classes, images = self.experiment.classes, self.experiment.settings.class_images
        for dataset in self.experiment.sweeps:
            runs = [self.experiment.with_classes(dataset, number) for number in classes]
            yield from self._trend(f"{images:,} images of {_range(classes)} classes", runs, self.title(dataset))
        yield self._coefficient(WIDTH, decides=False)

    # Data

    def data(self) -> Iterator[Contrast]:
        yield from self._sizes("epochs", f"{self.experiment.epochs} epochs")
        yield self._coefficient("ln N", decides=False)

    def data_at_equal_steps(self) -> Iterator[Contrast]:
        return self._sizes("steps", f"{self.experiment.steps:,} steps")

    # Layers

    def falls(self) -> Iterator[Contrast]:
        fall = {layer: -weight for layer, weight in zip(CONVOLUTIONS, slope_in_ranks(len(CONVOLUTIONS)), strict=True)}
        return self._over_targets("ln T, fall from layer to layer", fall)

    def not_the_first(self) -> Iterator[Contrast]:
        """Yield contrasts of how far the highest of conv2 to conv4 is above conv1.

        By chance, the highest of three layers is above conv1 more often than not. So the claim is judged by the size of
        the difference, and not by how often it is positive.
        """
        return self._over_targets("ln T, best of conv2 to 4 less conv1", {LEAD: 1.0})

    def not_monotonic(self) -> Iterator[Contrast]:
        return self._over_targets("ln T, largest rise from layer to layer", {RISE: 1.0})

    def above_one(self) -> Iterator[Contrast]:
        new = self.study.config.finetune.head == "new"
        for layer in CONVOLUTIONS:
            for dataset, run in self.whole.items():
                yield contrast(f"ln T of {layer}, above 0", LAYERS.name, {log_t(run, layer): 1.0}, self.title(dataset))
        label = f"ln T of the {'new' if new else 'kept'} head, within {MARGIN:.2f}"
        for dataset, run in self.whole.items():
            weights = {log_t(run, HEAD): 1.0}
            yield contrast(label, LAYERS.name, weights, self.title(dataset), within=MARGIN, decides=new)

    def _over_targets(self, label: str, items: dict[str, float]) -> Iterator[Contrast]:
        targets = {
            self.title(dataset): {log_t(run, item): weight for item, weight in items.items()}
            for dataset, run in self.whole.items()
        }
        return over_targets(label, "mean over targets", LAYERS.name, targets)

    def _sizes(self, equal: str, length: str) -> Iterator[Contrast]:
        for dataset in self.experiment.sweeps:
            sizes = self.experiment.sizes(dataset)
            runs = [self.experiment.sized(dataset, size, equal) for size in sizes]
            yield from self._trend(f"N = {_range(sizes)}, {length}", runs, self.title(dataset))

    def _trend(self, label: str, runs: Sequence[Run], target: str = "") -> Iterator[Contrast]:
        return trend(f"{label}: fall of ln T", [log_t(run) for run in runs], -1, layer=target, table=LAYERS.name)

    def _coefficient(self, predictor: str, *, decides: bool = True) -> Contrast:
        """Contrast the coefficient of a predictor in each seed's own regression. It is below 0 if T falls with it."""
        weights = {REGRESSION.key(series=AS_IN_THE_PAPER, measure=COEFFICIENT, item=predictor): -1.0}
        return contrast(f"regression: fall of ln T with {predictor}", REGRESSION.name, weights, decides=decides)


def _range(values: Sequence[int]) -> str:
    return f"{min(values):,} to {max(values):,}"


CLAIMS = (
    ("R1", "A larger domain gap lowers transferability", "consensus 1", "transferability_gap", Contrasts.gap),
    ("R1b", "... along targets in the order that we expected", "ours", "transferability_layers", Contrasts.order),
    ("R2", "Transferability falls from lower to higher layers", "consensus 2", "transferability_layers",
     Contrasts.falls),
    ("R3", "More data of the target lower transferability", "finding 1", "transferability_data", Contrasts.data),
    ("R3b", "... also at an equal number of steps", "ours", "transferability_data", Contrasts.data_at_equal_steps),
    ("R4", "More diverse data of the target lower transferability", "finding 1", "transferability_data",
     Contrasts.width),
    ("R5", "The lowest layer is usually not the most transferable", "finding 2", "transferability_layers",
     Contrasts.not_the_first),
    ("R6", "T is above 1 in all layers, and about 1 in a new head", "layer-wise figures", "transferability_layers",
     Contrasts.above_one),
    ("R7", "It mostly does not fall monotonically from layer to layer", "layer-wise figures", "transferability_layers",
     Contrasts.not_monotonic),
)  # fmt: skip
