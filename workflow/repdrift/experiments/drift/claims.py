"""Claims G1 to G19 of Goerttler & Obermayer (2022), Similarity of Pre-trained and Fine-tuned Representations.

The paper leaves some things open. They were decided here before any data: a trend over several degrees or sizes is its
slope over ranks, and the early layers are all layers except the last two. Comments mark thresholds that are not from
the paper.
"""

from collections.abc import Collection, Iterator
from itertools import pairwise

from repdrift.claims.contrasts import (
    CURVE,
    HISTORY,
    SIMILARITY,
    Claim,
    Contrast,
    Key,
    contrast,
    difference,
    histories_of,
    trend,
)
from repdrift.experiments.drift.experiment import Drift
from repdrift.experiments.drift.specs import MultiverseSpec, UsualChoices
from repdrift.study.runs import INITIAL
from repdrift.study.tasks import Transform

LAYERS = {"conv4": ("pool1", "pool2", "pool3", "pool4", "logits")}  # in the order of the network
FIRST_EPOCH = "3"  # the mean loss is taken from this epoch on; the paper says "after the first few"
EPOCHS = (25, 100)  # the epochs between which the representations hardly change
LITTLE = 0.01  # largest change of CKA between these epochs that counts as no change
HARDLY = 0.9  # our threshold: a layer whose CKA is above it has hardly changed
NEARLY_ALL = 90.0  # training accuracy in percent that counts as "almost as high"
MARGIN = 2.0  # our margin: percentage points around chance that count as chance
ABSENT = ""  # stands for the run on random labels in a study without one; its contrasts are left out
WORDS = {"true": "true labels", "random": "random labels", "shift": "shifted labels", "cross": "other images"}


def claims(drift: Drift, runs: Collection[str] | None = None) -> list[Claim]:
    """Return all claims. A claim has those of its contrasts whose runs are among `runs`, by default all runs."""
    comparisons = Comparisons(drift, drift.needed if runs is None else runs)
    found = []
    for name, sentence, source, figure, contrasts in CLAIMS:
        possible = (contrast for contrast in contrasts(comparisons) if comparisons.has(contrast))
        found.append(Claim(name, sentence, source, figure, tuple(possible)))
    return found


def multiverse_spec(drift: Drift) -> MultiverseSpec:
    """Make the spec of the verdicts under all choices of measurement."""
    study, found = drift.study, claims(drift)
    main = claims(drift, {run.name for run in drift.main_runs})
    probe = study.config.probe
    return MultiverseSpec(
        claims=tuple(found),
        histories=histories_of(found, study.seeds),
        tables={},
        main=tuple(main),
        usual=UsualChoices(probe.images, probe.bn, study.config.network.block),
        blocks=tuple(study.other_blocks),
    )


class Comparisons:
    """The contrasts of the claims. Each public method yields the contrasts of one claim, except `has`."""

    def __init__(self, drift: Drift, runs: Collection[str]) -> None:
        self.study, self.runs = drift.study, runs
        study, config = drift.study, drift.study.config
        self.layers = LAYERS[config.network.name]
        *hidden, self.last = self.layers
        self.hidden, self.early_layers = tuple(hidden), tuple(hidden[:-1])
        self.degrees = sorted(config.pretrain.random)
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
        run, names = self.study.pretrained, self.layers
        for earlier, later in pairwise(names):
            yield difference("CKA to initial, the layer before less it", (run, "init", earlier), (run, "init", later))

    def early(self) -> Iterator[Contrast]:
        kept = self.study.checkpoint_epochs
        first, last = EPOCHS if set(EPOCHS) <= set(kept) else (kept[len(kept) // 4], kept[-1])
        for layer in self.hidden if first < last else ():
            weights: dict[Key, float] = {(str(first), layer): 1.0, (str(last), layer): -1.0}
            label = f"CKA to initial, epochs {first} and {last} within {LITTLE}"
            yield contrast(label, CURVE, weights, layer, within=LITTLE, threshold=True)

    def loss(self) -> Iterator[Contrast]:
        for less, more in pairwise(self.degrees):
            keys = [(self._scratch(degree), "train_loss", FIRST_EPOCH) for degree in (more, less)]
            yield difference(f"mean loss, d = {more} less d = {less}", keys[0], keys[1], table=HISTORY)

    def memorised(self) -> Iterator[Contrast]:
        most = self.degrees[-1]
        if most:
            label = f"training accuracy at d = {most}, above {NEARLY_ALL:.0f} %"
            weights: dict[Key, float] = {(self._scratch(most), "train_accuracy", "last"): 1.0}
            yield contrast(label, HISTORY, weights, constant=-NEARLY_ALL)

    def accuracy(self) -> Iterator[Contrast]:
        classes = self.study.classes
        for degree in self.degrees:
            key, label = (self._scratch(degree), "test_accuracy", "last"), f"test accuracy at d = {degree}"
            best = 100 / (degree + 1)
            if degree == 0:
                yield contrast(f"{label}, above chance", HISTORY, {key: 1.0}, constant=-100 / classes)
            elif degree == classes - 1:
                label += f", within {MARGIN:.0f} points of chance"
                yield contrast(label, HISTORY, {key: 1.0}, constant=-best, within=MARGIN)
            else:
                yield contrast(f"{label}, below {best:.0f} %", HISTORY, {key: -1.0}, constant=best)

    def early_with_randomness(self) -> Iterator[Contrast]:
        return self._degrees(self.hidden, sign=1)

    def last_with_randomness(self) -> Iterator[Contrast]:
        return self._degrees((self.last,), sign=-1)

    def sizes(self) -> Iterator[Contrast]:
        return self._sizes(self.random_size_degree)

    def sizes_at_equal_steps(self) -> Iterator[Contrast]:
        steps = self.study.config.controls.matched_steps
        if steps:
            yield from self._sizes(self.random_size_degree, steps)

    def structure(self) -> Iterator[Contrast]:
        """Yield the contrasts of G6 and G7 in the early layers."""
        yield from self._degrees(self.early_layers, sign=1)
        yield from (contrast for contrast in self.sizes() if contrast.layer in self.early_layers)

    def _scratch(self, degree: int, size: int | None = None, steps: int | None = None) -> str:
        return self.study.scratch_run(degree, size, steps).name

    def _degrees(self, names: tuple[str, ...], sign: int) -> Iterator[Contrast]:
        for layer in names:
            keys: dict[int, Key] = {degree: (self._scratch(degree), "init", layer) for degree in self.degrees}
            yield from self._trend("CKA to initial, d", keys, sign)

    def _sizes(self, degree: int, steps: int | None = None) -> Iterator[Contrast]:
        sizes = sorted(self.study.config.pretrain.sizes)
        for layer in self.hidden:
            keys: dict[int, Key] = {size: (self._scratch(degree, size, steps), "init", layer) for size in sizes}
            yield from self._trend(f"CKA to initial, d = {degree}, N", keys, -1)

    def _trend(self, label: str, keys: dict[int, Key], sign: int) -> Iterator[Contrast]:
        """Contrast the trend over the degrees or sizes whose runs are available."""
        found = {value: key for value, key in keys.items() if key[0] in self.runs}
        if found:
            yield from trend(f"{label} = {min(found):,} to {max(found):,}", list(found.values()), sign)

    # Fine-tuned

    def tuned_with_randomness(self) -> Iterator[Contrast]:
        return self._target_degrees("domain")

    def tuned_elsewhere_with_randomness(self) -> Iterator[Contrast]:
        return self._target_degrees("cross_domain")

    def hardly(self) -> Iterator[Contrast]:
        for layer in self.early_layers:
            weights: dict[Key, float] = {(self.targets["true"], "pretrained", layer): 1.0}
            label = f"CKA to pre-trained, above {HARDLY}"
            yield contrast(label, SIMILARITY, weights, layer, constant=-HARDLY, threshold=True)

    def from_scratch(self) -> Iterator[Contrast]:
        scratch = self.study.target_run("domain", self.study.most_random, INITIAL).name
        for layer in self.layers:
            keys = (scratch, "init", layer), (self.targets["random"], "pretrained", layer)
            yield difference("CKA to where it began, initial less pre-trained", *keys)

    def between(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            yield from self._to_pretrained("true", name, self.early_layers)
            yield from self._to_pretrained(name, "random", self.early_layers)

    def penultimate(self) -> Iterator[Contrast]:
        return self._to_pretrained("shift", "cross", self.hidden[-1:])

    def cross_domain_early(self) -> Iterator[Contrast]:
        return self._to_pretrained("shift", "cross", self.early_layers)

    def closer(self) -> Iterator[Contrast]:
        return self._closer("true")

    def unlearned(self) -> Iterator[Contrast]:
        """Yield a contrast of the mean over the hidden layers, which decides, and one of each layer.

        The paper does not say which layers it means.
        """
        run, label = self.targets["random"], "CKA to initial less to pre-trained"
        share = 1 / len(self.hidden)
        weights: dict[Key, float] = {(run, "init", layer): share for layer in self.hidden}
        weights |= {(run, "pretrained", layer): -share for layer in self.hidden}
        yield contrast(f"{label}, mean of {self.hidden[0]} to {self.hidden[-1]}", SIMILARITY, weights)
        for layer in self.layers:
            weights = {(run, "init", layer): 1.0, (run, "pretrained", layer): -1.0}
            yield contrast(label, SIMILARITY, weights, layer, decides=False)

    def closer_by_less(self) -> Iterator[Contrast]:
        for name in ("shift", "cross"):
            yield from self._closer(name)
            for layer in self.layers:
                gaps = ((self.targets["true"], 1.0), (self.targets[name], -1.0))
                weights: dict[Key, float] = {(run, "pretrained", layer): sign for run, sign in gaps}
                weights |= {(run, "init", layer): -sign for run, sign in gaps}
                yield contrast(f"{WORDS[name]}: that gap, below the one of G14", SIMILARITY, weights, layer)

    def head(self) -> Iterator[Contrast]:
        for name, run in self.targets.items():
            for layer in self.hidden:
                keys = (run, "pretrained", layer), (run, "pretrained", self.last)
                label = f"{WORDS[name]}: CKA to pre-trained, less that of {self.last}"
                yield difference(label, *keys, layer=layer)

    def _target_degrees(self, role: str) -> Iterator[Contrast]:
        degrees = sorted(getattr(self.study.config.finetune, role).random)
        runs = [self.study.target_run(role, Transform("random", degree)).name for degree in degrees]
        for layer in self.layers:
            keys: dict[int, Key] = {
                degree: (run, "pretrained", layer) for degree, run in zip(degrees, runs, strict=True)
            }
            yield from self._trend("CKA to pre-trained, d", keys, -1)

    def _to_pretrained(self, more: str, less: str, names: tuple[str, ...]) -> Iterator[Contrast]:
        for layer in names:
            keys = [(self.targets[name], "pretrained", layer) for name in (more, less)]
            yield difference(f"CKA to pre-trained, {WORDS[more]} less {WORDS[less]}", keys[0], keys[1])

    def _closer(self, name: str) -> Iterator[Contrast]:
        for layer in self.layers:
            keys = ((self.targets[name], reference, layer) for reference in ("pretrained", "init"))
            yield difference(f"{WORDS[name]}: CKA to pre-trained less to initial", *keys)


CLAIMS = (
    ("G1", "From scratch, the change grows with depth", "section 3, figure 1", "fig1", Comparisons.depth),
    ("G2", "Most of the change comes early in training", "figure 1", "fig1", Comparisons.early),
    ("G3", "The more random the labels, the slower the loss falls", "section 3.2, figure 2a", "fig2", Comparisons.loss),
    ("G4", "Random labels are memorised almost as well as true ones", "figure 2b", "fig2", Comparisons.memorised),
    ("G5", "Test accuracy exceeds chance only with structure", "figure 2c", "fig2", Comparisons.accuracy),
    ("G6", "From scratch, the more random the labels, the smaller the change", "section 3.2, figure 3a", "fig3",
     Comparisons.early_with_randomness),
    ("G6b", "... but the last layer changes more", "section 3.2, figure 3a", "fig3", Comparisons.last_with_randomness),
    ("G7", "With random labels, more images change earlier layers more", "section 3.2, figure 3b", "fig3",
     Comparisons.sizes),
    ("G7s", "... also at equal numbers of steps", "a control that the paper lacks", "controls",
     Comparisons.sizes_at_equal_steps),
    ("G8", "Fine-tuned, the more random the labels, the larger the change", "section 4.1, figure 4a", "fig4",
     Comparisons.tuned_with_randomness),
    ("G9", "True labels hardly change the early layers", "section 4.1", "fig4", Comparisons.hardly),
    ("G10", "Random labels change a pre-trained network more than a random one", "section 4.1", "controls",
     Comparisons.from_scratch),
    ("G11", "As G8, on images of another domain", "figure 4b", "fig4", Comparisons.tuned_elsewhere_with_randomness),
    ("G12", "Domain and cross-domain tasks change early layers more than the old task, less than random labels",
     "figure 4c", "fig4", Comparisons.between),
    ("G13", "Cross-domain changes the penultimate layer more than domain adaptation", "figure 4c", "fig4",
     Comparisons.penultimate),
    ("G14", "After true labels, closer to the pre-trained network than to the initial one", "figure 5a", "fig5",
     Comparisons.closer),
    ("G15", "After random labels, closer to the initial network than to the pre-trained one", "abstract, figure 5b",
     "fig5", Comparisons.unlearned),
    ("G16", "After domain and cross-domain tasks, closer to the pre-trained network, by less than in G14",
     "figures 5c and 5d", "fig5", Comparisons.closer_by_less),
    ("G17", "Cross-domain changes earlier layers more than domain adaptation", "conclusion", "fig4",
     Comparisons.cross_domain_early),
    ("G18", "The head changes most, though all weights are trained", "abstract", "fig4", Comparisons.head),
    ("G19", "A larger change in early layers coheres with learned structure (G6 and G7)", "section 3", "fig3",
     Comparisons.structure),
)  # fmt: skip
