"""Claims D1 to D4, which are ours: what fine-tuning on random labels leaves of the information about the source.

Linear CKA says that a network that was fine-tuned on random labels is closer to its initialisation. It cannot say
whether what pre-training built is gone, or only rotated, shrunk or hidden. A linear probe finds it in each of these
cases. The probes are fitted to the source's labels, anew in each layer of each network. Their accuracies are those on
images of the source that no network is trained on. Where a sentence speaks of layers in general, the mean over the
hidden layers decides. The logits are shown only. Random labels are the most random ones of each target.
"""

from collections.abc import Iterator

from repdrift.claims.contrasts import (
    OURS,
    Claim,
    Contrast,
    Key,
    Sentence,
    Weights,
    claims_of,
    contrast,
    trend,
    weighted,
)
from repdrift.claims.scales import POINTS
from repdrift.experiments.decodability.experiment import Decodability
from repdrift.experiments.decodability.tables import ACCURACY, HELD_OUT, INITIAL, PRETRAINED, PROBES, SOURCE
from repdrift.study.tasks import Transform


def claims(experiment: Decodability) -> list[Claim]:
    """Return all claims, with the contrasts that the targets of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """The contrasts of the claims for both main targets. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Decodability) -> None:
        self.study = experiment.study
        self.hidden = experiment.study.architecture.hidden
        self.layers = experiment.study.architecture.layers
        # The networks that were fine-tuned on the most random labels of each target, where these are random.
        self.random = {
            dataset: self._network(role, max(degrees))
            for dataset, role in experiment.roles.items()
            if max(degrees := self._degrees(role)) > 0
        }
        self.true = {
            dataset: self._network(role, 0) for dataset, role in experiment.roles.items() if 0 in self._degrees(role)
        }

    # Each layer

    def more_than_initial(self) -> Iterator[Contrast]:
        for dataset, network in self.random.items():
            yield from self._mean("random labels less initial", dataset, network, INITIAL)

    def more_than_initial_everywhere(self) -> Iterator[Contrast]:
        for dataset, network in self.random.items():
            yield from self._each("random labels less initial", dataset, network, INITIAL)

    def less_than_pretrained(self) -> Iterator[Contrast]:
        for dataset, network in self.random.items():
            yield from self._mean("pre-trained less random labels", dataset, PRETRAINED, network)

    def less_than_pretrained_everywhere(self) -> Iterator[Contrast]:
        for dataset, network in self.random.items():
            yield from self._each("pre-trained less random labels", dataset, PRETRAINED, network)

    def less_than_after_true_labels(self) -> Iterator[Contrast]:
        for dataset, network in self.random.items():
            if dataset in self.true:
                yield from self._mean("true less random labels", dataset, self.true[dataset], network)

    # Over depth

    def later_layers_lose_more(self) -> Iterator[Contrast]:
        for dataset, network in self.random.items():
            kept, had = ([self._key(dataset, name, layer) for layer in self.hidden] for name in (network, PRETRAINED))
            weights = weighted((1, trend(had, 1)), (1, trend(kept, -1)))
            label = f"rise of the loss from {self.hidden[0]} to {self.hidden[-1]}"
            yield contrast(label, PROBES.name, weights, POINTS, self.study.title(dataset))

    # Parts of contrasts

    def _mean(self, label: str, dataset: str, more: str, less: str) -> Iterator[Contrast]:
        """Yield the mean over the hidden layers, which decides, and each layer, which is only shown."""
        parts = {layer: self._difference(dataset, more, less, layer) for layer in self.layers}
        mean = weighted(*((1 / len(self.hidden), parts[layer]) for layer in self.hidden))
        title = self.study.title(dataset)
        yield contrast(f"{label}, mean over layers", PROBES.name, mean, POINTS, title)
        for layer, part in parts.items():
            yield contrast(f"{label}, {layer}", PROBES.name, part, POINTS, title, decides=False)

    def _each(self, label: str, dataset: str, more: str, less: str) -> Iterator[Contrast]:
        """Yield each hidden layer. All of them decide."""
        for layer in self.hidden:
            weights = self._difference(dataset, more, less, layer)
            yield contrast(f"{label}, {layer}", PROBES.name, weights, POINTS, self.study.title(dataset))

    def _difference(self, dataset: str, more: str, less: str, layer: str) -> Weights:
        return {self._key(dataset, more, layer): 1.0, self._key(dataset, less, layer): -1.0}

    def _key(self, dataset: str, network: str, layer: str) -> Key:
        """Return the key of the accuracy of a probe for the source's labels on held-out images."""
        return PROBES.key(dataset=dataset, network=network, layer=layer, labels=SOURCE, part=HELD_OUT, measure=ACCURACY)

    def _degrees(self, role: str) -> tuple[int, ...]:
        degrees: tuple[int, ...] = getattr(self.study.config.finetune, role).random
        return degrees

    def _network(self, role: str, degree: int) -> str:
        return self.study.target_run(role, Transform("random", degree)).name


CLAIMS = (
    Sentence("D1", "After random labels, layers tell the source's classes better than initially", "ours",
             "decodability", Contrasts.more_than_initial, origin=OURS),
    Sentence("D1b", "... in every hidden layer", "ours", "decodability", Contrasts.more_than_initial_everywhere,
             origin=OURS),
    Sentence("D2", "After random labels, layers tell the source's classes worse than before them", "ours",
             "decodability", Contrasts.less_than_pretrained, origin=OURS),
    Sentence("D2b", "... in every hidden layer", "ours", "decodability", Contrasts.less_than_pretrained_everywhere,
             origin=OURS),
    Sentence("D3", "Layers tell the source's classes worse after random than after true labels", "ours",
             "decodability", Contrasts.less_than_after_true_labels, origin=OURS),
    Sentence("D4", "Random labels take more of the source's classes from later layers", "ours", "decodability",
             Contrasts.later_layers_lose_more, origin=OURS),
)  # fmt: skip
