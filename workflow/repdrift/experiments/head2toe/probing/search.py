"""The search for the best configuration of a method, by the mean accuracy on validation examples."""

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
    """Indices of the examples to train on, int64 [m], and of those to validate on, int64 [n - m]."""

    training: Tensor
    validation: Tensor


@dataclass(frozen=True, eq=False)
class Found:
    """The result of a search.

    Attributes
    ----------
    configuration : Configuration
        The chosen configuration.
    tried : mapping of Configuration to float
        The mean validation accuracy (0..1) of every configuration, in the order in which they were tried. Their number
        is the budget of the method.
    probe : Probe
        The probe that is fitted on all examples with the chosen configuration.
    """

    configuration: Configuration
    tried: Mapping[Configuration, float]
    probe: Probe


def folds(examples: int, count: int, seed: int) -> list[Split]:
    """Split examples into folds at random. Each fold is the validation set of one split.

    The sizes of the folds differ by at most one.

    Parameters
    ----------
    examples : int
        Number of examples.
    count : int
        Number of folds.
    seed : int

    Raises
    ------
    UserError
        If there are fewer than two folds, or more folds than examples.
    """
    if not 2 <= count <= examples:
        raise UserError(f"{count} folds of {examples} examples: give a number of folds from 2 to {examples}")
    parts = _shuffled(examples, seed).tensor_split(count)
    return [Split(torch.cat([*parts[:k], *parts[k + 1 :]]), part) for k, part in enumerate(parts)]


def holdout(examples: int, training: int, seed: int) -> list[Split]:
    """Split examples once at random, into `training` examples to train on and the rest to validate on.

    Raises
    ------
    UserError
        If there is no example to train on, or none to validate on.
    """
    if not 0 < training < examples:
        raise UserError(f"{training} training examples of {examples}: leave at least one to train and one to validate")
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
    """Search for the best configuration of a method, and fit a probe with it on all examples.

    The configurations of the method are tried first, and then its further fractions with the best of them. If several
    are equally accurate, the first is chosen. Methods therefore list simpler configurations first.

    Parameters
    ----------
    method : Method
    features : mapping of int or None to Features
        The features of n examples, by target size.
    labels : integer Tensor [n]
        Labels 0 to classes - 1.
    splits : sequence of Split
        The splits from `folds` or `holdout`. Methods that are compared need the same splits.
    classes : int
        Number of classes.
    seed : int
        Seed of all fits, see `fit`.

    Raises
    ------
    UserError
        If features of a target size or of a layer are missing, or if `fit` raises it.
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
