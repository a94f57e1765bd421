"""Measure in this process, with as many threads as its environment says; JSON on standard output.

``python -m tests.benchmarks`` starts one such process for each number of threads.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from repdrift.similarity import Permutations, permutation_nulls
from repdrift.similarity.cka import LinearCka
from tests.benchmarks import comparisons, memory, peers
from tests.benchmarks.arrays import WIDTHS, Model, conv4_models
from tests.benchmarks.comparisons import REPEATS, Comparison
from tests.benchmarks.timing import Timing, alternate

Row = dict[str, Any]

MULTIPLES = (1, 2, 4)  # of the number of images, in which growth is measured
LARGE = 5  # times the number of images: where products of n^3 show
PERMUTATIONS = 1000
SIDE = 4096  # of the matrices whose product gives the rate of the machine
KEYS = (
    *("authors", "authors-once", "demo-pair", "demo-arithmetic", "demo-three", "demo-eight"),
    *("ckatorch", "pytorch-cka-pair", "pytorch-cka-three", "torch-cka", "calibrated"),
    *("null", "models", "growth", "authors-large", "memory"),
)


def compared(comparison: Comparison, images: int) -> Row:
    """Time both sides in turn, and count the errors of what they gave."""
    results = {}

    def keep(side: str, function: comparisons.Values) -> Callable[[], None]:
        return lambda: results.update({side: function()})

    sides = [keep("peer", comparison.peer), keep("ours", comparison.ours)]
    timings = alternate(sides, [comparison.peer_repeats, REPEATS])
    expected = comparison.expected()
    errors = {side: float(np.abs(values - expected).max()) for side, values in results.items()}
    return {
        "kind": "comparison",
        "name": comparison.name,
        "images": images,
        "peer": timings[0].seconds,
        "ours": timings[1].seconds,
        "target": comparison.target,
        "error_share": comparison.error_share,
        "peer_error": errors["peer"],
        "our_error": errors["ours"],
    }


def timed(models: Sequence[Model]) -> Timing:
    """Our time for every layer of all pairs of models."""
    return alternate([lambda: comparisons.ours_by_layer(models, "debiased")], [REPEATS])[0]


def growth(pair: Sequence[Model], images: int) -> Row:
    """Growth of our time with the number of images, and the share of the machine's rate that the largest reaches."""
    counts = [multiple * images for multiple in MULTIPLES]
    timings = [timed([[x[:count] for x in model] for model in pair]) for count in counts]
    exponent = np.polyfit(np.log(counts), np.log([timing.median for timing in timings]), 1)[0]
    square = torch.randn(SIDE, SIDE)
    product = alternate([lambda: square @ square], [REPEATS])[0]
    # n^2 p for each Gram: its products, 2 n^2 p, halved for symmetry.
    useful = len(pair) * counts[-1] ** 2 * sum(WIDTHS)
    return {
        "kind": "growth",
        "images": counts,
        "seconds": [timing.seconds for timing in timings],
        "exponent": float(exponent),
        "product": product.seconds,
        "product_rate": 2 * SIDE**3 / product.median,
        "our_rate": useful / timings[-1].median,
    }


def by_models(models: Sequence[Model], images: int) -> Row:
    """Our time for all pairs of eight models and of two."""

    def ours(chosen: Sequence[Model]) -> Callable[[], object]:
        return lambda: comparisons.ours_by_layer(chosen, "debiased")

    two, eight = alternate([ours(models[:2]), ours(models)], [REPEATS] * 2)
    return {"kind": "models", "images": images, "two": two.seconds, "eight": eight.seconds}


def null(pair: Sequence[Model], images: int) -> Row:
    """Our time for the permutation null of all layers of two models from their Gram matrices, and for their CKA."""
    method = LinearCka(debiased=True)
    states = [[method.prepare(layer) for layer in model] for model in pair]
    functions = [
        lambda: permutation_nulls(method, *states, Permutations.random(images, PERMUTATIONS)),
        lambda: comparisons.ours_by_layer(pair, "debiased"),
    ]
    permutations, comparison = alternate(functions, [REPEATS] * 2)
    return {
        "kind": "null",
        "images": images,
        "permutations": PERMUTATIONS,
        "null": permutations.seconds,
        "comparison": comparison.seconds,
    }


def peak_memory(images: int) -> Row:
    """Peak memory beyond the representations of three models, in processes of their own."""
    counts = [multiple * images for multiple in (1, 4, 10)]
    return {"kind": "memory", "images": counts, "bytes": [memory.of_linear_cka(count) for count in counts]}


def measure(images: int, keys: Sequence[str]) -> list[Row]:
    """Measure what the keys select, in their order in `KEYS`."""
    chosen = [key for key in KEYS if key in keys]
    rows = [peak_memory(images)] if "memory" in chosen else []
    models = conv4_models(images, range(1, 9))
    offered = comparisons.of_all(models)
    for key in chosen:
        if key in offered:
            report(key)
            rows.append(compared(offered[key](), images))
    if "null" in chosen:
        report("null")
        rows.append(null(models[:2], images))
    if "models" in chosen:
        report("models")
        rows.append(by_models(models, images))
    if "growth" in chosen or "authors-large" in chosen:
        report("arrays of more images")
        pair = conv4_models(LARGE * images, (1, 2))
        if "growth" in chosen:
            report("growth")
            rows.append(growth(pair, images))
        if "authors-large" in chosen:
            report("authors-large")
            name = "authors' formula, one pair, the formula timed once"
            large = comparisons.by_layer(name, pair, peers.authors_formula, 15, peer_repeats=1)
            rows.append(compared(large, LARGE * images))
    return rows


def report(key: str) -> None:
    print(f"{os.environ.get('OMP_NUM_THREADS', '?')} threads: {key}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=KEYS, default=KEYS, metavar="KEY")
    arguments = parser.parse_args()
    json.dump(measure(arguments.images, arguments.only), sys.stdout)


if __name__ == "__main__":
    main()
