"""Probes: a linear head on selected features. There are several ways of selecting them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features
from repdrift.experiments.head2toe.probing.heads import MOST_WEIGHTS, Group, Head, Setting, initial_weights, train
from repdrift.experiments.head2toe.probing.selection import (
    Selection,
    check_fraction,
    random_scores,
    select,
    weight_scores,
)

SELECTORS = ("all", "random", "scores")


@dataclass(frozen=True)
class Configuration:
    """The configuration of a probe.

    Attributes
    ----------
    setting : Setting
        The setting of the training of its head. If features are selected by scores, it is the setting of the head whose
        weights give the scores. The head on the selected features then has the same setting without regulariser.
    target_size : int or None
        The size to which each layer is pooled, see `repdrift.experiments.head2toe.probing.pooled`.
    fraction : float
        The fraction F of the features that is kept, above 0 and at most 1.

    Raises
    ------
    UserError
        If the fraction is out of range.
    """

    setting: Setting
    target_size: int | None = None
    fraction: float = 1.0

    def __post_init__(self) -> None:
        check_fraction(self.fraction)


@dataclass(frozen=True, eq=False)
class Probe:
    """A linear head on selected features."""

    selection: Selection
    head: Head

    def logits(self, features: Features) -> Tensor:
        """Return the logits [n, C] of examples. Their features are of all layers, pooled as those of the fit were."""
        return self.head.logits(self.selection.apply(features).values.to(self.head.weights))

    def accuracy(self, features: Features, labels: Tensor) -> float:
        """Return the accuracy on labelled examples, in 0..1."""
        right = self.logits(features).argmax(1).cpu() == labels.cpu()
        return right.double().mean().item()


def head2toe(
    features: Features, labels: Tensor, *, classes: int, setting: Setting, fraction: float, seed: int
) -> Probe:
    """Fit a probe by Head2Toe (Evci et al. 2022).

    A first head is trained on all features, and its weights give each feature a score. The features with the highest
    scores are kept, and a new head is trained on them.

    Parameters
    ----------
    features : Features
        Features of n examples.
    labels : integer Tensor [n]
        Labels 0 to classes - 1.
    classes : int
        Number of classes.
    setting : Setting
        The setting of the first head. In the paper, its regulariser is ``group-lasso``. The new head has the same
        setting without regulariser.
    fraction : float
        The fraction F of the features that is kept.
    seed : int
        Seed of the weights of new heads and of the order of the batches.

    Raises
    ------
    UserError
        If labels do not fit, or a setting is out of range.
    """
    configuration = Configuration(setting, fraction=fraction)
    every = torch.arange(len(features))
    return fit("scores", features, labels, [every], [configuration], classes=classes, seed=seed)[0][0]


def fit(
    selector: str,
    features: Features,
    labels: Tensor,
    examples: Sequence[Tensor],
    configurations: Sequence[Configuration],
    *,
    classes: int,
    seed: int,
) -> list[list[Probe]]:
    """Fit a probe for each configuration on each set of examples. Many heads are trained at the same time.

    Parameters
    ----------
    selector : str
        ``all`` keeps all features, ``random`` a random selection that is the same for all sets, and ``scores`` the
        features with the highest scores, see `head2toe`.
    features : Features
        Features of all n examples, pooled to the target size of the configurations, which must all have the same.
    labels : integer Tensor [n]
        Labels 0 to classes - 1.
    examples : sequence of int64 Tensor [m]
        The sets: indices of the examples to fit on.
    configurations : sequence of Configuration
    classes : int
        Number of classes.
    seed : int
        Seed of the random selection, of the weights of new heads, and of the order of the batches.

    Returns
    -------
    list of list of Probe
        For each set of examples, one probe for each configuration.

    Raises
    ------
    UserError
        If labels do not fit, or the selector is unknown.
    """
    if selector not in SELECTORS:
        raise UserError(f"selector {selector!r}: use one of {', '.join(SELECTORS)}")
    data = Data(features, checked(labels, len(features), classes), classes, seed)
    jobs = _select_by_scores(data, examples, configurations) if selector == "scores" else []
    if selector != "scores":
        fractions = [each.fraction if selector == "random" else 1.0 for each in configurations]
        scores = random_scores(features.widths, seed)
        for fraction in dict.fromkeys(fractions):
            members = {k: configurations[k].setting for k, each in enumerate(fractions) if each == fraction}
            selection = select(scores, features.widths, fraction)
            jobs += [FitJob(selection, s, rows, members) for s, rows in enumerate(examples)]
    probes = _fit_jobs(data, jobs)
    return [[probes[s, k] for k in range(len(configurations))] for s in range(len(examples))]


def by_rank(
    features: Features,
    labels: Tensor,
    configuration: Configuration,
    shares: Sequence[float],
    *,
    classes: int,
    seed: int,
) -> list[Probe]:
    """Fit several probes on features of lower and lower rank by score.

    If the scores find good features, the accuracy of these probes falls with the rank.

    Parameters
    ----------
    features, labels, classes, seed
        As for `head2toe`.
    configuration : Configuration
        The setting of the head whose weights give the scores, and the fraction of the features that each probe keeps.
    shares : sequence of float
        For each probe, the share of the features that it passes over. These have the highest scores. 0 is Head2Toe.

    Raises
    ------
    UserError
        If labels do not fit, or a share is out of range.
    """
    data = Data(features, checked(labels, len(features), classes), classes, seed)
    every = torch.arange(len(features))
    (scores,) = _scores(data, [every], [configuration.setting])
    found = [
        select(scores[configuration.setting], features.widths, configuration.fraction, after=share) for share in shares
    ]
    plain = {0: _without_regulariser(configuration.setting)}
    probes = _fit_jobs(data, [FitJob(selection, number, every, plain) for number, selection in enumerate(found)])
    return [probes[number, 0] for number in range(len(found))]


class Data(NamedTuple):
    """The data and the seed that the training of all heads uses."""

    features: Features
    labels: Tensor
    classes: int
    seed: int

    def group(self, widths: Mapping[str, int], examples: Tensor, settings: Iterable[Setting]) -> Group:
        return Group(examples, initial_weights(widths, self.classes, self.seed), tuple(settings))


class FitJob(NamedTuple):
    """Heads that are still to be trained, on the same selected features of the same examples.

    Attributes
    ----------
    selection : Selection
        The selected features.
    number : int
        The number of the set of examples, or another number that tells one job from others.
    examples : int64 Tensor [m]
        Indices of the examples.
    settings : dict of int to Setting
        The settings of the heads, by the number of the configuration.
    """

    selection: Selection
    number: int
    examples: Tensor
    settings: dict[int, Setting]


def _select_by_scores(data: Data, examples: Sequence[Tensor], configurations: Sequence[Configuration]) -> list[FitJob]:
    """Train the heads whose weights give the scores, select features by them, and list the heads to train on these."""
    settings = list(dict.fromkeys(each.setting for each in configurations))
    scores = _scores(data, examples, settings)
    jobs = []
    for s, rows in enumerate(examples):
        for k, each in enumerate(configurations):
            selection = select(scores[s][each.setting], data.features.widths, each.fraction)
            jobs.append(FitJob(selection, s, rows, {k: _without_regulariser(each.setting)}))
    return jobs


def _scores(data: Data, examples: Sequence[Tensor], settings: Sequence[Setting]) -> list[dict[Setting, Tensor]]:
    """Return the scores [p] of all features, for each set of examples and each setting of the head."""
    groups = [data.group(data.features.widths, rows, settings) for rows in examples]
    heads = train(data.features.values, data.labels, groups, data.seed)
    return [dict(zip(settings, (weight_scores(head.weights) for head in row), strict=True)) for row in heads]


def _without_regulariser(setting: Setting) -> Setting:
    return replace(setting, regulariser="none", strength=0.0)


def _fit_jobs(data: Data, jobs: Iterable[FitJob]) -> dict[tuple[int, int], Probe]:
    """Train the heads of all jobs, and return the probes by the number of the job and that of the configuration."""
    return {
        (job.number, k): Probe(job.selection, head)
        for batch in _in_batches(jobs, len(data.features))
        for job, heads in zip(batch, _train_batch(data, batch), strict=True)
        for k, head in zip(job.settings, heads, strict=True)
    }


def _in_batches(jobs: Iterable[FitJob], rows: int) -> Iterator[list[FitJob]]:
    """Divide jobs into batches that fit in memory. The jobs of a batch select the same number of features."""
    by_count: dict[int, list[FitJob]] = defaultdict(list)
    for job in jobs:
        by_count[job.selection.count].append(job)
    for count, same_count in by_count.items():
        at_once = max(1, MOST_WEIGHTS // (rows * count))
        for start in range(0, len(same_count), at_once):
            yield same_count[start : start + at_once]


def _train_batch(data: Data, jobs: Sequence[FitJob]) -> list[list[Head]]:
    """Train the heads of a batch of jobs at once.

    One matrix has the selected features of all examples. The rows of each selection follow those of the one before.
    """
    distinct = list(dict.fromkeys(job.selection for job in jobs))
    first = {selection: number * len(data.features) for number, selection in enumerate(distinct)}
    x = torch.cat([selection.apply(data.features).values for selection in distinct])
    groups = [
        data.group(job.selection.widths, job.examples + first[job.selection], job.settings.values()) for job in jobs
    ]
    return train(x, data.labels.repeat(len(distinct)), groups, data.seed)


def checked(labels: Tensor, examples: int, classes: int) -> Tensor:
    """Check labels, and return them as int64 [n] on the CPU.

    Raises
    ------
    UserError
        If they are not n integers from 0 to classes - 1, if there is no example, or if there are fewer than two
        classes.
    """
    if classes < 2:
        raise UserError(f"{classes} classes: there must be at least 2")
    if labels.shape != (examples,) or not examples:
        raise UserError(f"labels of shape {tuple(labels.shape)} for {examples} examples: give one for each")
    if labels.is_floating_point() or labels.is_complex():
        raise UserError(f"labels are {labels.dtype}: give integers")
    if not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        found = f"labels from {int(labels.min())} to {int(labels.max())}"
        raise UserError(f"{found}: with {classes} classes they are 0 to {classes - 1}")
    return labels.to("cpu", torch.int64)
