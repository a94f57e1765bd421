"""What is compared with what: for each peer the same numbers from the same arrays, by it and by us."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from repdrift.similarity import Permutations, calibrate, linear_cka_matrix
from tests.benchmarks import peers
from tests.benchmarks.arrays import Model
from tests.benchmarks.reference import Matrix, calibrated, cka_matrix

Values = Callable[[], Matrix]
REPEATS = 5
PERMUTATIONS = 200  # the default of calibrated-similarity


@dataclass(frozen=True)
class Comparison:
    """A peer's function and ours for the same values, and what they should be; `target` is a least ratio of times.

    `error_share` is the largest share of the peer's error that ours may have, where that is a target too.
    """

    name: str
    peer: Values
    ours: Values
    expected: Values
    target: float | None = None
    error_share: float | None = None
    peer_repeats: int = REPEATS


def ours_by_layer(models: Sequence[Model], estimator: str) -> Matrix:
    """Every layer of all pairs of models, [layers, pairs]: a call for each layer."""
    return _by_layer(models, lambda layer: linear_cka_matrix(layer, estimator=estimator).numpy())


def reference_by_layer(models: Sequence[Model], estimator: str) -> Matrix:
    return _by_layer(models, lambda layer: cka_matrix(layer, estimator))


def _by_layer(models: Sequence[Model], matrix: Callable[[list[Tensor]], Matrix]) -> Matrix:
    pairs = np.triu_indices(len(models), k=1)
    return np.stack([matrix(list(layer))[pairs] for layer in zip(*models, strict=True)])


def peer_by_layer(models: Sequence[Model], cka: Callable[[Tensor, Tensor], float]) -> Matrix:
    """Give the same by a peer that takes two representations."""
    pairs = list(itertools.combinations(models, 2))
    return np.array([[cka(a[layer], b[layer]) for a, b in pairs] for layer in range(len(models[0]))])


def ours_all_layers(models: Sequence[Model]) -> Matrix:
    """All layers of one model with all of the other, of all pairs of models, [pairs, layers, layers]: one call."""
    return _crossed(models, linear_cka_matrix([x for model in models for x in model]).numpy())


def reference_all_layers(models: Sequence[Model]) -> Matrix:
    return _crossed(models, cka_matrix([x for model in models for x in model], "debiased"))


def _crossed(models: Sequence[Model], matrix: Matrix) -> Matrix:
    count, layers = len(models), len(models[0])
    blocks = matrix.reshape(count, layers, count, layers).swapaxes(1, 2)
    return blocks[np.triu_indices(count, k=1)]


def peer_all_layers(models: Sequence[Model], cka: Callable[[Model, Model], Matrix]) -> Matrix:
    """Give the same by a peer that takes two models."""
    return np.stack([cka(a, b) for a, b in itertools.combinations(models, 2)])


def by_layer(
    name: str,
    models: Sequence[Model],
    peer: Callable[[Tensor, Tensor], float],
    target: float | None = None,
    peer_repeats: int = REPEATS,
) -> Comparison:
    """Biased CKA of each layer of all pairs of models."""
    return Comparison(
        name,
        lambda: peer_by_layer(models, peer),
        lambda: ours_by_layer(models, "biased"),
        lambda: reference_by_layer(models, "biased"),
        target,
        peer_repeats=peer_repeats,
    )


def all_layers(
    name: str,
    models: Sequence[Model],
    peer: Callable[[Model, Model], Matrix],
    target: float,
    error_share: float | None = None,
) -> Comparison:
    """Debiased CKA of all layers of all pairs of models."""
    return Comparison(
        name,
        lambda: peer_all_layers(models, peer),
        lambda: ours_all_layers(models),
        lambda: reference_all_layers(models),
        target,
        error_share,
    )


def calibration(name: str, pair: Sequence[Model], target: float) -> Comparison:
    """Calibrated biased CKA of each layer of two models, on the same permutations."""
    permutations = Permutations.random(len(pair[0][0]), PERMUTATIONS)
    orders = list(permutations)

    def by_layer(calibration_of: Callable[[Tensor, Tensor], Matrix]) -> Matrix:
        return np.stack([calibration_of(*layer) for layer in zip(*pair, strict=True)])

    def ours(x: Tensor, y: Tensor) -> Matrix:
        found = calibrate(x, y, "cka-biased", permutations=permutations)
        return np.array([found.value, found.p, found.threshold])

    return Comparison(
        name,
        lambda: by_layer(lambda x, y: peers.calibrated_similarity(x, y, orders)),
        lambda: by_layer(ours),
        lambda: by_layer(lambda x, y: calibrated(x, y, orders)),
        target,
        peer_repeats=1,
    )


def of_all(models: Sequence[Model]) -> dict[str, Callable[[], Comparison]]:
    """Comparisons on eight models, by the key that selects them."""
    pair, three, eight = models[:2], models[:3], models[:8]
    return {
        "authors": lambda: by_layer("authors' formula, one pair", pair, peers.authors_formula, 5),
        "authors-once": lambda: by_layer(
            "the same, each Gram centred once, one pair", pair, peers.authors_formula_once
        ),
        "demo-pair": lambda: by_layer("numpy demo, one pair", pair, peers.numpy_demo, 1),
        "demo-arithmetic": lambda: by_layer(
            "numpy demo, one pair, arithmetic alone (no check, no copy)", pair, peers.numpy_demo_arithmetic
        ),
        "demo-three": lambda: by_layer("numpy demo, three models, all pairs", three, peers.numpy_demo, 1.8),
        "demo-eight": lambda: by_layer("numpy demo, eight models, all pairs", eight, peers.numpy_demo, 6),
        "ckatorch": lambda: by_layer("ckatorch, one pair", pair, peers.ckatorch, 2.5),
        "pytorch-cka-pair": lambda: all_layers("pytorch-cka, one pair, 5 x 5 layers", pair, peers.pytorch_cka, 1),
        "pytorch-cka-three": lambda: all_layers(
            "pytorch-cka, three models, 5 x 5 layers of all pairs", three, peers.pytorch_cka, 1.8
        ),
        "torch-cka": lambda: all_layers("torch_cka, one pair, 5 x 5 layers", pair, peers.torch_cka, 10, 1e-3),
        "calibrated": lambda: calibration(
            f"calibrated-similarity, one pair, {PERMUTATIONS} permutations, the peer timed once", pair, 20
        ),
    }
