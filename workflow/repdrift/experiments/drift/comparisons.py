"""What contrasts of claims have in common: the runs that a study has, keys of measurements, and means of layers.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from repdrift.claims.contrasts import CURVE, SIMILARITY, Contrast, Key, Weights, contrast, trend, weighted
from repdrift.claims.scales import CKA
from repdrift.experiments.drift.experiment import Drift
from repdrift.study.architectures import LOGITS
from repdrift.study.tasks import Transform

HARDLY = 0.9  # our threshold: a layer whose CKA is above it has hardly changed
ABSENT = ""  # stands for the run on random labels in a study without one; its contrasts are left out


class Comparisons:
    """The runs of a study that claims compare, and the parts of contrasts of them."""

    def __init__(self, drift: Drift, runs: Collection[str]) -> None:
        self.drift, self.study, self.runs = drift, drift.study, runs
        study, config = drift.study, drift.study.config
        names = study.architecture
        self.layers, self.hidden, self.early_layers, self.last = names.layers, names.hidden, names.early, LOGITS
        self.degrees = sorted(config.pretrain.random)
        self.sizes = sorted(config.pretrain.sizes)
        self.random_size_degree = max(config.pretrain.sizes_random, default=0)
        shift = config.finetune.domain.shift or "none"
        true = Transform("random", 0)
        self.targets = {
            "true": study.target_run("domain", true).name,
            "random": study.target_run("domain", study.most_random).name if study.most_random.value else ABSENT,
            "shift": study.target_run("domain", Transform("shift", shift)).name,
            "cross": study.target_run("cross_domain", true).name,
        }

    def has(self, contrast: Contrast) -> bool:
        """Return whether all runs of a contrast are available."""
        if contrast.table == CURVE:
            return self.study.pretrained in self.runs
        return all(run in self.runs for run, *_ in contrast.by_key)

    # Parts of contrasts

    def key(self, run: str, reference: str, layer: str, probe: str = "") -> Key:
        """Return the key of a similarity, by default on the probe of the run's own task."""
        own = self.drift.needed[run].task.role if run in self.drift.needed else ""
        return (run, reference, layer, probe or own)

    def gap(
        self, run: str, layer: str, *, more: str = "pretrained", less: str = "init", probe: str = ""
    ) -> dict[Key, float]:
        """Return the weights of the similarity to one reference less that to another."""
        return {self.key(run, more, layer, probe): 1.0, self.key(run, less, layer, probe): -1.0}

    def mean_of_layers(self, run: str, layers: Sequence[str]) -> dict[Key, float]:
        return {self.key(run, "pretrained", layer): 1 / len(layers) for layer in layers}

    def hardly_changed(self, run: str, reference: str, layers: Sequence[str]) -> Iterator[Contrast]:
        for layer in layers:
            label = f"CKA to {'initial' if reference == 'init' else 'pre-trained'}, above {HARDLY}"
            weights = {self.key(run, reference, layer): 1.0}
            yield contrast(label, SIMILARITY, weights, CKA, layer, constant=-HARDLY, threshold=True)

    def mean_alone(
        self, label: str, layers: Sequence[str], parts: Mapping[str, Weights], *, decides: bool = True
    ) -> Iterator[Contrast]:
        """Yield the contrast of the mean over some layers, without one of each layer."""
        weights = weighted(*((1 / len(layers), parts[layer]) for layer in layers if layer in parts))
        yield contrast(f"{label}, {mean_in_words(layers)}", SIMILARITY, weights, CKA, decides=decides)

    def trends(
        self, label: str, runs: Mapping[int, str], reference: str, layers: Sequence[str], sign: int
    ) -> tuple[str, dict[str, Weights]]:
        """Return the label and the weights by layer of the trend over the degrees or sizes whose runs are available."""
        found = {value: run for value, run in runs.items() if run in self.runs}
        if len(found) < 2:
            return label, {}
        parts: dict[str, Weights] = {
            layer: trend([self.key(run, reference, layer) for run in found.values()], sign) for layer in layers
        }
        return f"{label} = {min(found):,} to {max(found):,}", parts


def mean_in_words(layers: Sequence[str]) -> str:
    """Name the mean over some layers. A network with a single hidden layer has no early ones, so there may be none."""
    return f"mean of {layers[0]} to {layers[-1]}" if len(layers) > 1 else "".join(layers)
