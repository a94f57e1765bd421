"""The contrasts of the claims on fine-tuning, G8 to G18.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator, Sequence

from repdrift.claims.contrasts import SIMILARITY, Contrast, Weights, contrast, difference, mean_of, weighted
from repdrift.claims.scales import CKA
from repdrift.experiments.drift.comparisons import Comparisons, mean_in_words
from repdrift.study.runs import INITIAL
from repdrift.study.study import CROSS_DOMAIN, DOMAIN
from repdrift.study.tasks import Transform

HALF = 0.5  # our threshold: true labels change the early layers less than half as much as random labels do
WORDS = {"true": "true labels", "random": "random labels", "shift": "shifted labels", "cross": "other images"}
PROBES = {DOMAIN: "own images", CROSS_DOMAIN: "other images"}  # the probes on which every fine-tuned network is read


class FineTuned(Comparisons):
    """The contrasts of fine-tuned networks. Each public method yields those of one claim."""

    def tuned_with_randomness(self) -> Iterator[Contrast]:
        return self._target_degrees(DOMAIN)

    def tuned_elsewhere_with_randomness(self) -> Iterator[Contrast]:
        return self._target_degrees(CROSS_DOMAIN)

    def hardly(self) -> Iterator[Contrast]:
        """Yield that each early layer hardly changes, and that random labels change them at least twice as much."""
        yield from self.hardly_changed(self.targets["true"], "pretrained", self.early_layers)
        if not self.early_layers:  # the network has a single hidden layer
            return
        true, random = (self.mean_of_layers(self.targets[name], self.early_layers) for name in ("true", "random"))
        # HALF (1 - CKA after random labels) - (1 - CKA after true labels)
        label = (
            f"{HALF:.0%} of the change by random labels, less that by true labels, {mean_in_words(self.early_layers)}"
        )
        yield contrast(label, SIMILARITY, weighted((1.0, true), (-HALF, random)), CKA, constant=HALF - 1)

    def from_scratch(self) -> Iterator[Contrast]:
        scratch = self.study.target_run("domain", self.study.most_random, INITIAL).name
        tuned = self.targets["random"]
        parts = {
            layer: {self.key(scratch, "init", layer): 1.0, self.key(tuned, "pretrained", layer): -1.0}
            for layer in self.layers
        }
        label = "CKA to where it began, initial less pre-trained"
        return mean_of(label, mean_in_words(self.layers), SIMILARITY, parts, CKA)

    def between(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            yield from self._less_changed("true", name, self.early_layers)
            yield from self._less_changed(name, "random", self.early_layers)

    def penultimate(self) -> Iterator[Contrast]:
        return self._less_changed("shift", "cross", self.hidden[-1:])

    def cross_domain_early(self) -> Iterator[Contrast]:
        return self._less_changed("shift", "cross", self.early_layers)

    def closer(self) -> Iterator[Contrast]:
        return self._closer("true")

    def unlearned(self) -> Iterator[Contrast]:
        """Yield that the hidden layers are closer to the initial network, and the same for an unrelated one."""
        run, label = self.targets["random"], "CKA to {} less to pre-trained"
        for reference, words in (("init", "initial"), ("independent", "an unrelated random network")):
            parts = {layer: self.gap(run, layer, more=reference, less="pretrained") for layer in self.hidden}
            if reference == "init":
                yield from mean_of(label.format(words), mean_in_words(self.hidden), SIMILARITY, parts, CKA)
                last = self.gap(run, self.last, more=reference, less="pretrained")
                yield contrast(label.format(words), SIMILARITY, last, CKA, self.last, decides=False)
            elif self.study.config.controls.independent:
                yield from self.mean_alone(label.format(words), self.hidden, parts, decides=False)

    def closer_elsewhere(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            yield from self._closer(name)

    def closer_by_less(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            parts = {}
            for layer in self.layers:
                gaps = [
                    (sign / len(PROBES), self.gap(self.targets[target], layer, probe=probe))
                    for target, sign in (("true", 1), (name, -1))
                    for probe in PROBES
                ]
                parts[layer] = weighted(*gaps)
            label = f"gap of G14 less the same gap after {WORDS[name]}, both probes"
            yield from mean_of(label, mean_in_words(self.layers), SIMILARITY, parts, CKA)

    def head(self) -> Iterator[Contrast]:
        for name, run in self.targets.items():
            for layer in self.hidden:
                keys = (self.key(run, "pretrained", layer), self.key(run, "pretrained", self.last))
                label = f"{WORDS[name]}: CKA to pre-trained, less that of {self.last}"
                yield difference(label, *keys, CKA, layer=layer)

    def _target_degrees(self, role: str) -> Iterator[Contrast]:
        degrees = sorted(getattr(self.study.config.finetune, role).random)
        runs = {degree: self.study.target_run(role, Transform("random", degree)).name for degree in degrees}
        label, parts = self.trends("CKA to pre-trained, d", runs, "pretrained", self.layers, -1)
        return mean_of(label, mean_in_words(self.layers), SIMILARITY, parts, CKA)

    def _less_changed(self, less: str, more: str, layers: Sequence[str]) -> Iterator[Contrast]:
        """Yield that one fine-tuning changes layers less than another, read on both probes.

        The mean over layers and probes decides. Each layer, as a mean over probes, and each probe are shown.
        """

        def weights(layer: str, probes: Sequence[str]) -> Weights:
            terms = [
                (sign / len(probes), {self.key(self.targets[name], "pretrained", layer, probe): 1.0})
                for name, sign in ((less, 1), (more, -1))
                for probe in probes
            ]
            return weighted(*terms)

        label = f"CKA to pre-trained, {WORDS[less]} less {WORDS[more]}"
        yield from mean_of(
            f"{label}, both probes",
            mean_in_words(layers),
            SIMILARITY,
            {layer: weights(layer, list(PROBES)) for layer in layers},
            CKA,
        )
        for probe, words in PROBES.items():
            parts = {layer: weights(layer, [probe]) for layer in layers}
            yield from self.mean_alone(f"{label}, probe of {words}", layers, parts, decides=False)

    def _closer(self, name: str) -> Iterator[Contrast]:
        parts = {layer: self.gap(self.targets[name], layer) for layer in self.layers}
        label = f"{WORDS[name]}: CKA to pre-trained less to initial"
        return mean_of(label, mean_in_words(self.layers), SIMILARITY, parts, CKA)
