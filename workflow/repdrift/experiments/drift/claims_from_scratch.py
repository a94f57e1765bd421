"""The contrasts of the claims on training from scratch, G1 to G7 and G19.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from repdrift.claims.contrasts import (
    CURVE,
    HISTORY,
    SIMILARITY,
    Contrast,
    Scale,
    Weights,
    contrast,
    difference,
    mean_of,
)
from repdrift.claims.scales import CKA, NATS, POINTS
from repdrift.experiments.drift.comparisons import Comparisons, mean_in_words

FIRST_EPOCH = "3"  # the mean loss is taken from this epoch on; the paper says that the loss falls slower
EPOCHS = (25, 100)  # the epochs of figure 1 between which the representations change little
MOST = 0.8  # our threshold: the share of the change that counts as most of it
ALMOST = 0.9  # our threshold: the share of the training accuracy on true labels that counts as "almost as high"
CHANCE = Scale("points", 2.0)  # our margin around chance


class FromScratch(Comparisons):
    """The contrasts of networks that are trained from scratch. Each public method yields those of one claim."""

    def depth(self) -> Iterator[Contrast]:
        run = self.study.pretrained
        for earlier, later in pairwise(self.layers):
            keys = self.key(run, "init", earlier), self.key(run, "init", later)
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
            yield from mean_of(label, mean_in_words(self.hidden), CURVE, parts, CKA, constant=1 - MOST)

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
        yield from mean_of(label, mean_in_words(self.hidden), SIMILARITY, parts, CKA)
        yield from self.mean_alone(label, self.early_layers, parts)

    def last_with_randomness(self) -> Iterator[Contrast]:
        label, parts = self._degrees((self.last,), sign=-1)
        return mean_of(label, "", SIMILARITY, parts, CKA)

    def early_layers_stay(self) -> Iterator[Contrast]:
        if self.degrees[-1]:
            yield from self.hardly_changed(self._scratch(self.degrees[-1]), "init", self.early_layers)

    def more_images(self) -> Iterator[Contrast]:
        label, parts = self._sizes(self.random_size_degree, self.hidden)
        return mean_of(label, mean_in_words(self.hidden), SIMILARITY, parts, CKA)

    def few_images(self) -> Iterator[Contrast]:
        if self.random_size_degree and len(self.sizes) > 1:
            yield from self.hardly_changed(self._scratch(self.random_size_degree, self.sizes[0]), "init", self.hidden)

    def more_images_at_equal_steps(self) -> Iterator[Contrast]:
        steps = self.study.config.controls.matched_steps
        if steps:
            label, parts = self._sizes(self.random_size_degree, self.hidden, steps)
            yield from mean_of(label, mean_in_words(self.hidden), SIMILARITY, parts, CKA)

    def structure(self) -> Iterator[Contrast]:
        """Yield the two ways to learn more structure: less random labels, and more images with true labels."""
        for label, parts in (self._degrees(self.early_layers, sign=1), self._sizes(0, self.early_layers)):
            yield from mean_of(label, mean_in_words(self.early_layers), SIMILARITY, parts, CKA)

    def _scratch(self, degree: int, size: int | None = None, steps: int | None = None) -> str:
        return self.study.scratch_run(degree, size, steps).name

    def _degrees(self, layers: Sequence[str], sign: int) -> tuple[str, dict[str, Weights]]:
        runs = {degree: self._scratch(degree) for degree in self.degrees}
        return self.trends("CKA to initial, d", runs, "init", layers, sign)

    def _sizes(self, degree: int, layers: Sequence[str], steps: int | None = None) -> tuple[str, dict[str, Weights]]:
        wanted = degree in self.study.config.pretrain.sizes_random
        runs = {size: self._scratch(degree, size, steps) for size in self.sizes} if wanted else {}
        return self.trends(f"CKA to initial, d = {degree}, N", runs, "init", layers, -1)
