"""Measuring pairs of layers by one estimator, which prepares each layer once."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from torch import Tensor

from repdrift.comparison.recording import Recording
from repdrift.errors import UserError
from repdrift.similarity.estimator import Estimator
from repdrift.similarity.null import Permuted, permuted
from repdrift.similarity.permutations import Orders
from repdrift.similarity.registry import estimator
from repdrift.similarity.resampling import resampled

Pair = tuple[str, str]  # a layer of the first network, and one of the second

NORMAL = 1.96  # a normal distribution has 95 % within as many standard deviations of its mean


@dataclass(eq=False)
class Measured:
    """What one estimator says of pairs of layers. A pair whose similarity is undefined is missing.

    Attributes
    ----------
    values : dict of pair to float
    permuted : dict of pair to Permuted
        The similarities under permutations, if these were asked for.
    intervals : dict of pair to (float, float)
        The 95 % intervals over images, if these were asked for.
    notes : list of str
        Why similarities are undefined.
    """

    values: dict[Pair, float] = field(default_factory=dict)
    permuted: dict[Pair, Permuted] = field(default_factory=dict)
    intervals: dict[Pair, tuple[float, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def measured(
    name: str,
    first: Recording,
    second: Recording,
    pairs: Sequence[Pair],
    *,
    orders: Orders | None = None,
    halves: Tensor | None = None,
) -> Measured:
    """Measure pairs of layers of two recordings of the same images by an estimator.

    Parameters
    ----------
    name : str
        The estimator, see `repdrift.similarity.registry.estimator`.
    first, second : Recording
    pairs : sequence of pair
        All pairs of a layer of the first recording follow each other.
    orders : Permutations, optional
        Permutations of the images, for the null.
    halves : bool Tensor [n, R], optional
        Halves of the images, for the intervals.
    """
    run = _Run(name, estimator(name), first, second, Measured())
    found = run.found
    for pair, states in run.prepared(pairs):
        with run.noting(pair):
            if orders is None:
                found.values[pair] = run.method.compare(*states)
            else:
                null = permuted(run.method, *states, orders)
                found.values[pair], found.permuted[pair] = null.value, null
            if halves is not None and run.resamples:
                x, y = first.layers[pair[0]], second.layers[pair[1]]
                found.intervals[pair] = _interval(
                    found.values[pair], resampled(run.method, x, y, halves, states).tolist()
                )
    if halves is not None and not run.resamples:
        for pair, values in run.on_halves(list(found.values), halves).items():
            found.intervals[pair] = _interval(found.values[pair], values)
    return found


@dataclass(frozen=True, eq=False)
class _Run:
    """An estimator at work on the layers of two recordings."""

    name: str
    method: Estimator[Any]
    first: Recording
    second: Recording
    found: Measured

    @property
    def resamples(self) -> bool:
        """Whether the states of all images are all that the estimator needs for halves of them."""
        return type(self.method).resample is not Estimator.resample

    @contextmanager
    def noting(self, pair: Pair) -> Iterator[None]:
        """Note an error of a user in a `with` block about a pair of layers, and go on after the block."""
        try:
            yield
        except UserError as error:
            where = f"{self.first.label}, layer {pair[0]}, with {self.second.label}, layer {pair[1]}"
            self.found.notes.append(f"{where}: {self.name}: {error}")

    def prepared(self, pairs: Sequence[Pair], images: Tensor | None = None) -> Iterator[tuple[Pair, tuple[Any, Any]]]:
        """Yield each pair of layers with the states of both. Each layer is prepared once.

        One state of the first network is kept at a time, and of the second network those that a later pair needs. If
        the state of a layer is undefined, this is noted, and its pairs are left out. `images` are those of which the
        states are, bool [n]; None is for all.
        """
        left = Counter(second for _, second in pairs)
        kept: dict[str, Any] = {}
        for one, group in groupby(pairs, key=lambda pair: pair[0]):
            state = self._state(self.first, one, images)
            for pair in group:
                other = pair[1]
                if other not in kept:
                    kept[other] = self._state(self.second, other, images)
                if state is not None and kept[other] is not None:
                    yield pair, (state, kept[other])
                left[other] -= 1
                if not left[other]:
                    del kept[other]

    def on_halves(self, pairs: Sequence[Pair], halves: Tensor) -> dict[Pair, list[float]]:
        """Return the similarities on each half of the images, of the pairs for which all of them are defined."""
        values: dict[Pair, list[float]] = {pair: [] for pair in pairs}
        for half in halves.T:
            for pair, states in self.prepared(pairs, half):
                with self.noting(pair):
                    values[pair].append(self.method.compare(*states))
        return {pair: each for pair, each in values.items() if len(each) == halves.shape[1]}

    def _state(self, recording: Recording, layer: str, images: Tensor | None) -> Any:  # noqa: ANN401
        x = recording.layers[layer]
        try:
            return self.method.prepare(x if images is None else x[images.to(x.device)])
        except UserError as error:
            part = "" if images is None else " on halves of the images"
            self.found.notes.append(f"{recording.label}, layer {layer}{part}: {self.name}: {error}")
            return None


def _interval(value: float, on_halves: Sequence[float]) -> tuple[float, float]:
    """Return the interval of 95 % around a similarity, given those on halves of the images.

    The variance over the halves is that over other images, see `repdrift.similarity.resampling.half_samples`.
    """
    half_width = NORMAL * statistics.stdev(on_halves)
    return value - half_width, value + half_width
