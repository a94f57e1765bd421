"""Claims about networks of different sizes: G20, and whether G1, G8 and G15 hold for every network of the study.

G20 is a claim of Goerttler & Obermayer (2024), the sequel of the paper. A trend over networks is the change of its
least-squares line over their ranks by number of parameters. Each network is compared in all of its own hidden layers.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Iterator, Sequence

from repdrift.claims.contrasts import (
    MEAN,
    OURS,
    SIMILARITY,
    Claim,
    Contrast,
    Key,
    Sentence,
    claims_of,
    contrast,
    fitted_change,
    trend,
    weighted,
)
from repdrift.claims.scales import CKA
from repdrift.experiments.networks.experiment import RANDOM, SCRATCH, TRUE, Compared, Networks

PRETRAINED, INITIAL = "pretrained", "init"  # the references of similarities


def claims(experiment: Networks) -> list[Claim]:
    """Return all claims, with the contrasts that the trainings of the study allow."""
    return claims_of(CLAIMS, Contrasts(experiment))


class Contrasts:
    """The contrasts of the claims. Each public method yields the contrasts of one claim."""

    def __init__(self, experiment: Networks) -> None:
        self.experiment, self.study = experiment, experiment.study

    def larger_unlearn_less(self) -> Iterator[Contrast]:
        """Yield the trend over networks, which decides, and the gap of each network."""
        unlearned = [one for one in self.experiment.compared if RANDOM in one.runs]
        if len(unlearned) < 2:
            return
        label = "mean of hidden layers, CKA to initial less to pre-trained"
        terms = zip(fitted_change(len(unlearned)), map(self._unlearned, unlearned), strict=True)
        few, many = unlearned[0].parameters, unlearned[-1].parameters
        falls = weighted(*((-weight, gap) for weight, gap in terms))
        yield contrast(f"fall of the {label}, {few:,} to {many:,} parameters", SIMILARITY, falls, CKA)
        for one in unlearned:
            yield contrast(label, SIMILARITY, self._unlearned(one), CKA, one.label, decides=False)

    def change_grows_with_depth(self) -> Iterator[Contrast]:
        for one in self._with(SCRATCH):
            keys = [self._key(one, SCRATCH, INITIAL, layer) for layer in self._layers(one)]
            yield contrast("fitted fall of CKA to initial over layers", SIMILARITY, trend(keys, -1), CKA, one.label)

    def random_labels_change_more(self) -> Iterator[Contrast]:
        for one in self._with(TRUE, RANDOM):
            layers = self._layers(one)
            less, more = (self._mean(one, kind, PRETRAINED, layers) for kind in (TRUE, RANDOM))
            label = "mean of all layers, CKA to pre-trained, true labels less random labels"
            yield contrast(label, SIMILARITY, weighted((1.0, less), (-1.0, more)), CKA, one.label)

    def unlearned(self) -> Iterator[Contrast]:
        for one in self._with(RANDOM):
            label = "mean of hidden layers, CKA to initial less to pre-trained"
            yield contrast(label, SIMILARITY, self._unlearned(one), CKA, one.label)

    def _with(self, *kinds: str) -> list[Compared]:
        return [one for one in self.experiment.compared if set(kinds) <= set(one.runs)]

    def _layers(self, one: Compared) -> tuple[str, ...]:
        return self.study.architecture_of(one.prefix).layers

    def _key(self, one: Compared, kind: str, reference: str, layer: str) -> Key:
        run = one.runs[kind]
        return (run.name, reference, layer, run.task.role)

    def _mean(self, one: Compared, kind: str, reference: str, layers: Sequence[str]) -> dict[Key, float]:
        return {self._key(one, kind, reference, layer): 1 / len(layers) for layer in layers}

    def _unlearned(self, one: Compared) -> dict[Key, float]:
        """Return the weights of how much closer to its initial network a network is after random labels."""
        hidden = self._layers(one)[:-1]
        more, less = (self._mean(one, RANDOM, reference, hidden) for reference in (INITIAL, PRETRAINED))
        return weighted((1.0, more), (-1.0, less))


CLAIMS = (
    Sentence("G20", "Under random labels, larger networks unlearn less", "Goerttler & Obermayer 2024, abstract",
             "networks", Contrasts.larger_unlearn_less, MEAN),
    Sentence("G1n", "As G1, for every network: from scratch, the change grows with depth", "section 3, figure 1",
             "networks", Contrasts.change_grows_with_depth, origin=OURS),
    Sentence("G8n", "As G8, for every network: random labels change more than true ones", "section 4.1, figure 4a",
             "networks", Contrasts.random_labels_change_more, origin=OURS),
    Sentence("G15n", "As G15, for every network: after random labels, closer to the initial network",
             "abstract, figure 5b", "networks", Contrasts.unlearned, origin=OURS),
)  # fmt: skip
