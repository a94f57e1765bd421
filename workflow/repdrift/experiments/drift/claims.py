"""Claims G1 to G19 of Goerttler & Obermayer (2022), Similarity of Pre-trained and Fine-tuned Representations.

The paper leaves some things open. docs/claims.md says for each claim what was decided, when, and why. A trend over
several degrees or sizes is the change of its least-squares line over their ranks. The early layers are all layers
except the last two. Where the paper speaks of layers in general, their mean decides, and each of them is shown.
Comments mark thresholds that are not from the paper.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from repdrift.claims.contrasts import (
    BACKGROUND,
    CURVE,
    HISTORY,
    MEAN,
    OURS,
    SIMILARITY,
    Claim,
    Contrast,
    Key,
    Sentence,
    Weights,
    claims_of,
    contrast,
    difference,
    histories_of,
    mean_of,
    trend,
    weighted,
)
from repdrift.claims.scales import CKA, NATS, POINTS, Scale
from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.drift.specs import MultiverseSpec, UsualChoices
from repdrift.study.runs import INITIAL
from repdrift.study.study import CROSS_DOMAIN, DOMAIN
from repdrift.study.tasks import Transform

LAYERS = {"conv4": ("pool1", "pool2", "pool3", "pool4", "logits")}  # in the order of the network
FIRST_EPOCH = "3"  # the mean loss is taken from this epoch on; the paper says that the loss falls slower
EPOCHS = (25, 100)  # the epochs of figure 1 between which the representations change little
MOST = 0.8  # our threshold: the share of the change that counts as most of it
HARDLY = 0.9  # our threshold: a layer whose CKA is above it has hardly changed
HALF = 0.5  # our threshold: true labels change the early layers less than half as much as random labels do
ALMOST = 0.9  # our threshold: the share of the training accuracy on true labels that counts as "almost as high"
CHANCE = Scale("points", 2.0)  # our margin around chance
ABSENT = ""  # stands for the run on random labels in a study without one; its contrasts are left out
WORDS = {"true": "true labels", "random": "random labels", "shift": "shifted labels", "cross": "other images"}
PROBES = {DOMAIN: "own images", CROSS_DOMAIN: "other images"}  # the probes on which every fine-tuned network is read


def claims(drift: Drift, runs: Collection[str] | None = None) -> list[Claim]:
    """Return all claims. A claim has those of its contrasts whose runs are among `runs`, by default all runs."""
    comparisons = Comparisons(drift, drift.needed if runs is None else runs)
    return claims_of(CLAIMS, comparisons, comparisons.has)


def multiverse_spec(drift: Drift) -> MultiverseSpec:
    """Make the spec of the verdicts under all choices of measurement."""
    study, found = drift.study, claims(drift)
    main = claims(drift, {run.name for run in drift.main_runs})
    probe = study.config.probe
    return MultiverseSpec(
        claims=tuple(found),
        main=tuple(main),
        histories=histories_of(found, study.seeds),
        calibrated=study.config.similarity.calibrated,
        usual=UsualChoices(probe.images, probe.bn, study.config.network.block),
        blocks=tuple(study.other_blocks),
    )


class Comparisons:
    """The contrasts of the claims. Each public method yields the contrasts of one claim, except `has`."""

    def __init__(self, drift: Drift, runs: Collection[str]) -> None:
        self.drift, self.study, self.runs = drift, drift.study, runs
        study, config = drift.study, drift.study.config
        self.layers = LAYERS[config.network.name]
        *hidden, self.last = self.layers
        self.hidden, self.early_layers = tuple(hidden), tuple(hidden[:-1])
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

    # From scratch

    def depth(self) -> Iterator[Contrast]:
        run = self.study.pretrained
        for earlier, later in pairwise(self.layers):
            keys = self._key(run, "init", earlier), self._key(run, "init", later)
            yield difference("CKA to initial, the layer before less it", *keys, CKA, layer=later)

    def early(self) -> Iterator[Contrast]:
        kept = self.study.checkpoint_epochs
        first, last = EPOCHS if set(EPOCHS) <= set(kept) else (kept[len(kept) // 4], kept[-1])
        if first < last:
            # (1 - CKA at the first epoch) - MOST (1 - CKA at the last epoch)
            parts: dict[str, Weights] = {
                layer: {(str(first), layer): -1.0, (str(last), layer): MOST} for layer in self.hidden
            }
            label = f"change by epoch {first}, less {MOST:.0%} of that by epoch {last}"
            yield from mean_of(label, _mean(self.hidden), CURVE, parts, CKA, constant=1 - MOST)

    def loss(self) -> Iterator[Contrast]:
        for less, more in pairwise(self.degrees):
            keys = [(self._scratch(degree), "train_loss", FIRST_EPOCH) for degree in (more, less)]
            yield difference(f"mean loss, d = {more} less d = {less}", keys[0], keys[1], NATS, table=HISTORY)

    def memorised(self) -> Iterator[Contrast]:
        least, *_, most = self.degrees if len(self.degrees) > 1 else [0, 0]
        if most:
            label = f"training accuracy at d = {most}, less {ALMOST:.0%} of that at d = {least}"
            keys = [(self._scratch(degree), "train_accuracy", "last") for degree in (most, least)]
            yield contrast(label, HISTORY, {keys[0]: 1.0, keys[1]: -ALMOST}, POINTS)

    def accuracy(self) -> Iterator[Contrast]:
        chance = 100 / self.study.classes
        for degree in self.degrees:
            weights: Weights = {(self._scratch(degree), "test_accuracy", "last"): 1.0}
            label = f"test accuracy at d = {degree}, less chance"
            if degree < self.study.classes - 1:
                yield contrast(label, HISTORY, weights, POINTS, constant=-chance)
            else:
                yield contrast(f"{label}: equal", HISTORY, weights, CHANCE, constant=-chance, equal=True)

    def less_with_randomness(self) -> Iterator[Contrast]:
        """Yield the trends of the mean over all hidden layers and of the mean over the early ones; both decide."""
        label, parts = self._degrees(self.hidden, sign=1)
        yield from mean_of(label, _mean(self.hidden), SIMILARITY, parts, CKA)
        yield from self._mean_alone(label, self.early_layers, parts)

    def last_with_randomness(self) -> Iterator[Contrast]:
        label, parts = self._degrees((self.last,), sign=-1)
        return mean_of(label, "", SIMILARITY, parts, CKA)

    def early_layers_stay(self) -> Iterator[Contrast]:
        if self.degrees[-1]:
            yield from self._hardly(self._scratch(self.degrees[-1]), "init", self.early_layers)

    def more_images(self) -> Iterator[Contrast]:
        label, parts = self._sizes(self.random_size_degree, self.hidden)
        return mean_of(label, _mean(self.hidden), SIMILARITY, parts, CKA)

    def few_images(self) -> Iterator[Contrast]:
        if self.random_size_degree and len(self.sizes) > 1:
            yield from self._hardly(self._scratch(self.random_size_degree, self.sizes[0]), "init", self.hidden)

    def more_images_at_equal_steps(self) -> Iterator[Contrast]:
        steps = self.study.config.controls.matched_steps
        if steps:
            label, parts = self._sizes(self.random_size_degree, self.hidden, steps)
            yield from mean_of(label, _mean(self.hidden), SIMILARITY, parts, CKA)

    def structure(self) -> Iterator[Contrast]:
        """Yield the two ways to learn more structure: less random labels, and more images with true labels."""
        for label, parts in (self._degrees(self.early_layers, sign=1), self._sizes(0, self.early_layers)):
            yield from mean_of(label, _mean(self.early_layers), SIMILARITY, parts, CKA)

    def _scratch(self, degree: int, size: int | None = None, steps: int | None = None) -> str:
        return self.study.scratch_run(degree, size, steps).name

    def _degrees(self, layers: Sequence[str], sign: int) -> tuple[str, dict[str, Weights]]:
        runs = {degree: self._scratch(degree) for degree in self.degrees}
        return self._trends("CKA to initial, d", runs, "init", layers, sign)

    def _sizes(self, degree: int, layers: Sequence[str], steps: int | None = None) -> tuple[str, dict[str, Weights]]:
        wanted = degree in self.study.config.pretrain.sizes_random
        runs = {size: self._scratch(degree, size, steps) for size in self.sizes} if wanted else {}
        return self._trends(f"CKA to initial, d = {degree}, N", runs, "init", layers, -1)

    # Fine-tuned

    def tuned_with_randomness(self) -> Iterator[Contrast]:
        return self._target_degrees(DOMAIN)

    def tuned_elsewhere_with_randomness(self) -> Iterator[Contrast]:
        return self._target_degrees(CROSS_DOMAIN)

    def hardly(self) -> Iterator[Contrast]:
        """Yield that each early layer hardly changes, and that random labels change them at least twice as much."""
        yield from self._hardly(self.targets["true"], "pretrained", self.early_layers)
        true, random = (self._mean_of_layers(self.targets[name], self.early_layers) for name in ("true", "random"))
        # HALF (1 - CKA after random labels) - (1 - CKA after true labels)
        label = f"{HALF:.0%} of the change by random labels, less that by true labels, {_mean(self.early_layers)}"
        yield contrast(label, SIMILARITY, weighted((1.0, true), (-HALF, random)), CKA, constant=HALF - 1)

    def from_scratch(self) -> Iterator[Contrast]:
        scratch = self.study.target_run("domain", self.study.most_random, INITIAL).name
        tuned = self.targets["random"]
        parts = {
            layer: {self._key(scratch, "init", layer): 1.0, self._key(tuned, "pretrained", layer): -1.0}
            for layer in self.layers
        }
        label = "CKA to where it began, initial less pre-trained"
        return mean_of(label, _mean(self.layers), SIMILARITY, parts, CKA)

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
            parts = {layer: self._gap(run, layer, more=reference, less="pretrained") for layer in self.hidden}
            if reference == "init":
                yield from mean_of(label.format(words), _mean(self.hidden), SIMILARITY, parts, CKA)
                last = self._gap(run, self.last, more=reference, less="pretrained")
                yield contrast(label.format(words), SIMILARITY, last, CKA, self.last, decides=False)
            elif self.study.config.controls.independent:
                yield from self._mean_alone(label.format(words), self.hidden, parts, decides=False)

    def closer_elsewhere(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            yield from self._closer(name)

    def closer_by_less(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            parts = {}
            for layer in self.layers:
                gaps = [
                    (sign / len(PROBES), self._gap(self.targets[target], layer, probe=probe))
                    for target, sign in (("true", 1), (name, -1))
                    for probe in PROBES
                ]
                parts[layer] = weighted(*gaps)
            label = f"gap of G14 less the same gap after {WORDS[name]}, both probes"
            yield from mean_of(label, _mean(self.layers), SIMILARITY, parts, CKA)

    def head(self) -> Iterator[Contrast]:
        for name, run in self.targets.items():
            for layer in self.hidden:
                keys = (self._key(run, "pretrained", layer), self._key(run, "pretrained", self.last))
                label = f"{WORDS[name]}: CKA to pre-trained, less that of {self.last}"
                yield difference(label, *keys, CKA, layer=layer)

    def _target_degrees(self, role: str) -> Iterator[Contrast]:
        degrees = sorted(getattr(self.study.config.finetune, role).random)
        runs = {degree: self.study.target_run(role, Transform("random", degree)).name for degree in degrees}
        label, parts = self._trends("CKA to pre-trained, d", runs, "pretrained", self.layers, -1)
        return mean_of(label, _mean(self.layers), SIMILARITY, parts, CKA)

    def _less_changed(self, less: str, more: str, layers: Sequence[str]) -> Iterator[Contrast]:
        """Yield that one fine-tuning changes layers less than another, read on both probes.

        The mean over layers and probes decides. Each layer, as a mean over probes, and each probe are shown.
        """

        def weights(layer: str, probes: Sequence[str]) -> Weights:
            terms = [
                (sign / len(probes), {self._key(self.targets[name], "pretrained", layer, probe): 1.0})
                for name, sign in ((less, 1), (more, -1))
                for probe in probes
            ]
            return weighted(*terms)

        label = f"CKA to pre-trained, {WORDS[less]} less {WORDS[more]}"
        yield from mean_of(
            f"{label}, both probes",
            _mean(layers),
            SIMILARITY,
            {layer: weights(layer, list(PROBES)) for layer in layers},
            CKA,
        )
        for probe, words in PROBES.items():
            parts = {layer: weights(layer, [probe]) for layer in layers}
            yield from self._mean_alone(f"{label}, probe of {words}", layers, parts, decides=False)

    def _closer(self, name: str) -> Iterator[Contrast]:
        parts = {layer: self._gap(self.targets[name], layer) for layer in self.layers}
        label = f"{WORDS[name]}: CKA to pre-trained less to initial"
        return mean_of(label, _mean(self.layers), SIMILARITY, parts, CKA)

    # Parts of contrasts

    def _key(self, run: str, reference: str, layer: str, probe: str = "") -> Key:
        """Return the key of a similarity, by default on the probe of the run's own task."""
        own = self.drift.needed[run].task.role if run in self.drift.needed else ""
        return (run, reference, layer, probe or own)

    def _gap(
        self, run: str, layer: str, *, more: str = "pretrained", less: str = "init", probe: str = ""
    ) -> dict[Key, float]:
        """Return the weights of the similarity to one reference less that to another."""
        return {self._key(run, more, layer, probe): 1.0, self._key(run, less, layer, probe): -1.0}

    def _mean_of_layers(self, run: str, layers: Sequence[str]) -> dict[Key, float]:
        return {self._key(run, "pretrained", layer): 1 / len(layers) for layer in layers}

    def _hardly(self, run: str, reference: str, layers: Sequence[str]) -> Iterator[Contrast]:
        for layer in layers:
            label = f"CKA to {'initial' if reference == 'init' else 'pre-trained'}, above {HARDLY}"
            weights = {self._key(run, reference, layer): 1.0}
            yield contrast(label, SIMILARITY, weights, CKA, layer, constant=-HARDLY, threshold=True)

    def _mean_alone(
        self, label: str, layers: Sequence[str], parts: Mapping[str, Weights], *, decides: bool = True
    ) -> Iterator[Contrast]:
        """Yield the contrast of the mean over some layers, without one of each layer."""
        weights = weighted(*((1 / len(layers), parts[layer]) for layer in layers if layer in parts))
        if weights:
            yield contrast(f"{label}, {_mean(layers)}", SIMILARITY, weights, CKA, decides=decides)

    def _trends(
        self, label: str, runs: Mapping[int, str], reference: str, layers: Sequence[str], sign: int
    ) -> tuple[str, dict[str, Weights]]:
        """Return the label and the weights by layer of the trend over the degrees or sizes whose runs are available."""
        found = {value: run for value, run in runs.items() if run in self.runs}
        if len(found) < 2:
            return label, {}
        parts: dict[str, Weights] = {
            layer: trend([self._key(run, reference, layer) for run in found.values()], sign) for layer in layers
        }
        return f"{label} = {min(found):,} to {max(found):,}", parts


def _mean(layers: Sequence[str]) -> str:
    return f"mean of {layers[0]} to {layers[-1]}" if len(layers) > 1 else layers[0]


CLAIMS = (
    Sentence("G1", "From scratch, the change grows with depth", "section 3, figure 1", "fig1", Comparisons.depth),
    Sentence("G2", "Most of the change comes early in training", "figure 1", "fig1", Comparisons.early, MEAN, OURS),
    Sentence("G3", "The more random the labels, the slower the loss falls", "section 3.2, figure 2a", "fig2",
             Comparisons.loss),
    Sentence("G4", "Random labels are memorised almost as well as true ones", "section 3.2, figure 2b", "fig2",
             Comparisons.memorised),
    Sentence("G5", "Test accuracy exceeds chance only with structure", "section 3.2, figure 2c", "fig2",
             Comparisons.accuracy),
    Sentence("G6", "From scratch, the more random the labels, the smaller the change, overall and in early layers",
             "section 3.2, figure 3a", "fig3", Comparisons.less_with_randomness),
    Sentence("G6b", "... but the last layer changes more", "section 3.2, figure 3a", "fig3",
             Comparisons.last_with_randomness, MEAN),
    Sentence("G6c", "When random labels are memorised, the early layers do not change", "conclusion", "fig3",
             Comparisons.early_layers_stay),
    Sentence("G7", "With random labels, more images change the earlier layers more", "section 3.2, figure 3b", "fig3",
             Comparisons.more_images, MEAN),
    Sentence("G7b", "... and with few images, only the last layer changes", "section 3.2, figure 3b", "fig3",
             Comparisons.few_images),
    Sentence("G7s", "... also at equal numbers of steps", "a control that the paper lacks", "controls",
             Comparisons.more_images_at_equal_steps, MEAN, OURS),
    Sentence("G8", "Fine-tuned, the more random the labels, the larger the change", "section 4.1, figure 4a", "fig4",
             Comparisons.tuned_with_randomness, MEAN),
    Sentence("G9", "True labels hardly change the early layers", "section 4.1", "fig4", Comparisons.hardly),
    Sentence("G10", "Random labels change a pre-trained network more than a random one", "section 4.1", "controls",
             Comparisons.from_scratch, MEAN),
    Sentence("G11", "As G8, on images of another domain", "section 4.1, figure 4b", "fig4",
             Comparisons.tuned_elsewhere_with_randomness, MEAN),
    Sentence("G12", "Domain and cross-domain tasks change early layers more than the old task, less than random labels",
             "section 4.2, figure 4c", "fig4", Comparisons.between),
    Sentence("G13", "Cross-domain changes the penultimate layer more than domain adaptation", "section 4.2, figure 4c",
             "fig4", Comparisons.penultimate, MEAN),
    Sentence("G14", "After true labels, closer to the pre-trained network than to the initial one",
             "section 4.3, figure 5a", "fig5", Comparisons.closer, MEAN),
    Sentence("G15", "After random labels, closer to the initial network than to the pre-trained one",
             "abstract, figure 5b", "fig5", Comparisons.unlearned, MEAN),
    Sentence("G16", "After domain and cross-domain tasks, closer to the pre-trained network than to the initial one",
             "section 4.3, figures 5c and 5d", "fig5", Comparisons.closer_elsewhere),
    Sentence("G16b", "... by less than in G14", "section 4.3, figures 5c and 5d", "fig5", Comparisons.closer_by_less),
    Sentence("G17", "Cross-domain changes earlier layers more than domain adaptation", "conclusion", "fig4",
             Comparisons.cross_domain_early, MEAN),
    Sentence("G18", "The head changes most, though all weights are trained", "abstract", "fig4", Comparisons.head,
             origin=BACKGROUND),
    Sentence("G19", "A larger change in early layers coheres with learned structure", "section 3.2", "fig3",
             Comparisons.structure),
)  # fmt: skip
