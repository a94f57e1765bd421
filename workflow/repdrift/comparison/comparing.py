"""Comparing the layers of two recordings by any estimators."""

import math
from collections.abc import Sequence
from itertools import product

import pandas as pd

from repdrift.comparison.comparison import Comparison
from repdrift.comparison.linear import NAMES, linear
from repdrift.comparison.measuring import Measured, Pair, measured
from repdrift.comparison.recording import Recording
from repdrift.errors import UserError
from repdrift.similarity.null import nulls
from repdrift.similarity.permutations import Permutations
from repdrift.similarity.registry import estimator, images_needed
from repdrift.similarity.resampling import half_samples

DEFAULT = ("cka-debiased",)


def compare_recordings(
    first: Recording,
    second: Recording,
    *,
    layers: Sequence[str] | None = None,
    all_pairs: bool = True,
    estimators: Sequence[str] = DEFAULT,
    permutations: int = 0,
    seed: int = 0,
    intervals: int = 0,
) -> Comparison:
    """Compare layers of two recordings.

    If both have sample ids, the rows of the second are matched to those of the first by id. Otherwise row i of both
    must be of the same image.

    Parameters
    ----------
    first, second : Recording
    layers : sequence of str, optional
        Names, or patterns such as ``layer*``, of the layers that are compared. None is for all.
    all_pairs : bool
        Whether every layer is compared with every layer, or only layers of the same name.
    estimators : sequence of str
        Names in `repdrift.similarity.registry.ESTIMATORS`, or ``path/to/file.py:FUNCTION``.
    permutations : int
        Number of permutations of the images for the null. 0 is for no null; 200 or more are advised.
    seed : int
        The seed of the permutations, and of the halves of the images.
    intervals : int
        Number of random halves of the images from which 95 % intervals over images are made. 0 is for no intervals; 200
        are advised.

    Returns
    -------
    Comparison
        Its table has the columns first and second (names of layers), n, estimator and value. With permutations it also
        has null_mean, null_q95, p, p_max and calibrated, which `repdrift.similarity.null.Null` explains; the same
        permutations are used for all pairs, and p_max is over all pairs by the same estimator. With intervals it has
        low and high. What is undefined is NaN, and `Comparison.notes` says why.

    Raises
    ------
    UserError
        If an estimator is unknown, the images are not the same or too few, a value is not finite, a number is not
        allowed, or no similarity is defined.
    """
    names = _checked(estimators, permutations, intervals)
    ours, theirs = _matched(first, second, layers)
    pairs = _pairs(ours, theirs, all_pairs=all_pairs)
    images = len(ours)
    for name in names:
        if images < images_needed([name]):
            raise UserError(f"{images} images: {name} needs at least {images_needed([name])}")
    for recording in (ours, theirs):
        recording.check_finite()
    orders = Permutations.random(images, permutations, seed) if permutations else None
    halves = half_samples(images, intervals, seed) if intervals else None
    found: dict[str, Measured] = {}
    if orders is None and halves is None:  # then linear CKA needs no whole Gram matrix, and both kinds cost one
        found |= linear([name for name in names if name in NAMES], ours, theirs, pairs)
    for name in names:
        if name not in found:
            found[name] = measured(name, ours, theirs, pairs, orders=orders, halves=halves)
    notes = tuple(dict.fromkeys(note for name in names for note in found[name].notes))
    table = _table(pairs, images, {name: found[name] for name in names})
    if table["value"].isna().all():
        raise UserError(notes[0])
    return Comparison(table, (ours.name or "first", theirs.name or "second"), notes)


def _checked(estimators: Sequence[str], permutations: int, intervals: int) -> list[str]:
    """Return the names of the estimators, each once, after a check of all settings."""
    names = list(dict.fromkeys([estimators] if isinstance(estimators, str) else estimators))
    if not names:
        raise UserError("estimators is empty: name at least one, such as cka-debiased")
    for name in names:
        estimator(name)
    for what, count, none in (("permutations", permutations, "null"), ("intervals", intervals, "intervals")):
        if count < 0 or count == 1:
            raise UserError(f"{what} {count}: use 0 (no {none}), or 2 and more")
    return names


def _matched(first: Recording, second: Recording, layers: Sequence[str] | None) -> tuple[Recording, Recording]:
    """Return what is compared of both: the chosen layers, and the same images in the same order, on one device."""
    if layers is not None:
        patterns = [layers] if isinstance(layers, str) else layers
        first, second = first.chosen(patterns), second.chosen(patterns)
    if len(first) != len(second):
        raise UserError(
            f"{first.label} has {len(first)} images and {second.label} {len(second)}; expected the same images"
        )
    if first.ids is not None and second.ids is not None:
        second = second.in_order_of(first.ids)
    device = next(iter(first.layers.values())).device
    return first.to(device), second.to(device)


def _pairs(first: Recording, second: Recording, *, all_pairs: bool) -> list[Pair]:
    if all_pairs or len(first.layers) == len(second.layers) == 1:
        return list(product(first.layers, second.layers))
    pairs = [(layer, layer) for layer in first.layers if layer in second.layers]
    if not pairs:
        has = f"{first.label} has {', '.join(first.layers)}; {second.label} has {', '.join(second.layers)}"
        raise UserError(f"no layer has the same name in both ({has}): compare all pairs of layers")
    return pairs


def _table(pairs: Sequence[Pair], images: int, found: dict[str, Measured]) -> pd.DataFrame:
    """Return a row for each pair of layers and each estimator."""
    rows: dict[tuple[Pair, str], dict[str, object]] = {}
    for pair, name in product(pairs, found):
        value = found[name].values.get(pair, math.nan)
        rows[pair, name] = {"first": pair[0], "second": pair[1], "n": images, "estimator": name, "value": value}
    for name, each in found.items():
        for pair, null in zip(each.permuted, nulls(list(each.permuted.values())), strict=True):
            rows[pair, name] |= {"null_mean": null.mean, "null_q95": null.q95}
            rows[pair, name] |= {"p": null.p, "p_max": null.p_max, "calibrated": null.calibrated}
        for pair, (low, high) in each.intervals.items():
            rows[pair, name] |= {"low": low, "high": high}
    return pd.DataFrame(list(rows.values()))
