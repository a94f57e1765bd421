"""The search for a configuration: by mean validation accuracy, on the examples given and no others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features
from repdrift.experiments.head2toe.probing.methods import Method
from repdrift.experiments.head2toe.probing.probe import Configuration, Probe, fit
from repdrift.seeds import seed_for


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to train on and rows to validate on: int64 [m] and [n - m]."""

    training: Tensor
    validation: Tensor


@dataclass(frozen=True, eq=False)
class Found:
    """What a search has found.

    Parameters
    ----------
    configuration : Configuration
        The chosen one.
    tried : dict of Configuration to float
        Mean validation accuracy of every one that was tried, in their order; as many as the method's budget.
    probe : Probe
        Fitted on all examples with the chosen one.
    """

    configuration: Configuration
    tried: Mapping[Configuration, float]
    probe: Probe


def folds(examples: int, count: int, seed: int) -> list[Split]:
    """Split n examples into `count` parts that differ by one at most; each is the validation set once.

    Raises
    ------
    UserError
        If there are fewer than two parts, or more than examples.
    """
    if not 2 <= count <= examples:
        raise UserError(f"{count} folds of {examples} examples: there must be from 2 to as many as examples")
    parts = _shuffled(examples, seed).tensor_split(count)
    return [Split(torch.cat([*parts[:k], *parts[k + 1 :]]), part) for k, part in enumerate(parts)]


def holdout(examples: int, training: int, seed: int) -> list[Split]:
    """Make one split, such as 800/200.

    Raises
    ------
    UserError
        If no example is left for either side.
    """
    if not 0 < training < examples:
        raise UserError(f"{training} training examples of {examples}: some must be left on either side")
    order = _shuffled(examples, seed)
    return [Split(order[:training], order[training:])]


def _shuffled(examples: int, seed: int) -> Tensor:
    return torch.randperm(examples, generator=torch.Generator().manual_seed(seed_for("validation split", seed)))


def search(
    method: Method,
    features: Mapping[int | None, Features],
    labels: Tensor,
    splits: Sequence[Split],
    *,
    classes: int,
    seed: int,
) -> Found:
    """Try the configurations of a method, then its other fractions with the best of them, and fit the best on all.

    Of equally accurate ones the first is chosen, so that methods list the simpler ones first.

    Parameters
    ----------
    method : Method
    features : dict of (int or None) to Features
        By target size, of the same n examples.
    labels : integer Tensor [n]
    splits : sequence of Split
        From `folds` or `holdout`: the same for all methods that are compared.

    Raises
    ------
    UserError
        If features of a target size or a layer are missing, or as `fit`.
    """

    def of_size(size: int | None) -> Features:
        if size not in features:
            raise UserError(f"method {method.name}: no features of target size {size}")
        return features[size] if method.layers is None else features[size].only(method.layers)

    def validated(configurations: Sequence[Configuration]) -> dict[Configuration, float]:
        tried = {}
        for size in dict.fromkeys(each.target_size for each in configurations):
            these, x = [each for each in configurations if each.target_size == size], of_size(size)
            training = [split.training for split in splits]
            probes = fit(method.selector, x, labels, training, these, classes=classes, seed=seed)
            for k, each in enumerate(these):
                tried[each] = fmean(
                    row[k].accuracy(x.rows(split.validation), labels[split.validation])
                    for row, split in zip(probes, splits, strict=True)
                )
        return {each: tried[each] for each in configurations}

    tried = validated(method.configurations)
    best = max(tried, key=tried.__getitem__)
    others = [replace(best, fraction=each) for each in method.fractions if each != best.fraction]
    tried |= validated(others)
    best = max(tried, key=tried.__getitem__)
    every = torch.arange(len(labels))
    ((probe,),) = fit(method.selector, of_size(best.target_size), labels, [every], [best], classes=classes, seed=seed)
    return Found(best, tried, probe)
