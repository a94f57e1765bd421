"""Probes: selected features and a linear head on them, by each way of selecting."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.features import Features
from repdrift.experiments.head2toe.probing.heads import AT_ONCE, Group, Head, Setting, initial_weights, train
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
    """What a probe is fitted with.

    Parameters
    ----------
    setting : Setting
        Of the head. Where features are scored, of the head whose weights are the scores; the head on what is kept is
        then trained in the same way, without the regulariser.
    target_size : int or None
        What each layer is pooled to, see `repdrift.experiments.head2toe.probing.pooled`.
    fraction : float
        F, share of the features that is kept.
    """

    setting: Setting
    target_size: int | None = None
    fraction: float = 1.0

    def __post_init__(self) -> None:
        check_fraction(self.fraction)


@dataclass(frozen=True, eq=False)
class Probe:
    """Selected features and a head on them."""

    selection: Selection
    head: Head

    def logits(self, features: Features) -> Tensor:
        """Logits [n, C] of examples; features are all those of the layers, pooled as for the fit."""
        return self.head.logits(self.selection.apply(features).values.to(self.head.weights))

    def accuracy(self, features: Features, labels: Tensor) -> float:
        """Share of the examples that are classified as labelled: 0..1."""
        right = self.logits(features).argmax(1).cpu() == labels.cpu()
        return right.double().mean().item()


def head2toe(
    features: Features, labels: Tensor, *, classes: int, setting: Setting, fraction: float, seed: int
) -> Probe:
    """Head2Toe (Evci et al. 2022): score features by the weights of a head, keep the best, train a new head on them.

    Parameters
    ----------
    features : Features
        Of n examples, see `Features.of`.
    labels : integer Tensor [n]
        0 to classes - 1.
    setting : Setting
        Of the scoring head: the paper's has ``group-lasso``. The new head has the same without a regulariser.
    fraction : float
        F, share of the features that is kept.
    seed : int

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
    """Fit a probe for each configuration on each set of examples, all heads that have features in common at once.

    Parameters
    ----------
    selector : str
        ``all`` features, a ``random`` selection (the same for all sets), or those of the highest ``scores``.
    features : Features
        Of all examples, pooled to the one target size of the configurations.
    labels : integer Tensor [n]
        0 to classes - 1.
    examples : sequence of int64 Tensor [m]
        Rows to fit on.
    configurations : sequence of Configuration

    Returns
    -------
    list of list of Probe
        By set of examples and configuration.

    Raises
    ------
    UserError
        If labels do not fit, or the selector is unknown.
    """
    if selector not in SELECTORS:
        raise UserError(f"selector {selector!r}: allowed are {', '.join(SELECTORS)}")
    data = Data(features, checked(labels, len(features), classes), classes, seed)
    tasks = _scored(data, examples, configurations) if selector == "scores" else []
    if selector != "scores":
        fractions = [each.fraction if selector == "random" else 1.0 for each in configurations]
        scores = random_scores(features.widths, seed)
        for fraction in dict.fromkeys(fractions):
            members = {k: configurations[k].setting for k, each in enumerate(fractions) if each == fraction}
            selection = select(scores, features.widths, fraction)
            tasks += [Task(selection, s, rows, members) for s, rows in enumerate(examples)]
    probes = _fitted(data, tasks)
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
    """Fit probes on features of falling scores: whether the scores tell good features from others is seen in them.

    Parameters
    ----------
    features, labels, classes, seed
        As for `head2toe`.
    configuration : Configuration
        Of the head that scores, with the share of the features that each probe is fitted on.
    shares : sequence of float
        Of the features of the highest scores that each probe passes over: 0 is Head2Toe itself.

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
    plain = {0: _plain(configuration.setting)}
    probes = _fitted(data, [Task(selection, number, every, plain) for number, selection in enumerate(found)])
    return [probes[number, 0] for number in range(len(found))]


class Data(NamedTuple):
    """What all heads are trained with."""

    features: Features
    labels: Tensor
    classes: int
    seed: int

    def group(self, widths: Mapping[str, int], examples: Tensor, settings: Iterable[Setting]) -> Group:
        return Group(examples, initial_weights(widths, self.classes, self.seed), tuple(settings))


class Task(NamedTuple):
    """Heads on the same selected features of the same examples: those of a set's number, settings by configuration."""

    selection: Selection
    number: int
    examples: Tensor
    members: dict[int, Setting]


def _scored(data: Data, examples: Sequence[Tensor], configurations: Sequence[Configuration]) -> list[Task]:
    """Train the heads that score features, and select; the heads to be trained then have no regulariser."""
    settings = list(dict.fromkeys(each.setting for each in configurations))
    scores = _scores(data, examples, settings)
    tasks = []
    for s, rows in enumerate(examples):
        for k, each in enumerate(configurations):
            selection = select(scores[s][each.setting], data.features.widths, each.fraction)
            tasks.append(Task(selection, s, rows, {k: _plain(each.setting)}))
    return tasks


def _scores(data: Data, examples: Sequence[Tensor], settings: Sequence[Setting]) -> list[dict[Setting, Tensor]]:
    """Scores [p] by each setting on each set of examples."""
    groups = [data.group(data.features.widths, rows, settings) for rows in examples]
    heads = train(data.features.values, data.labels, groups, data.seed)
    return [dict(zip(settings, (weight_scores(head.weights) for head in row), strict=True)) for row in heads]


def _plain(setting: Setting) -> Setting:
    """Of the head on what is kept."""
    return replace(setting, regulariser="none", strength=0.0)


def _fitted(data: Data, tasks: Iterable[Task]) -> dict[tuple[int, int], Probe]:
    """Probes by the number and the configuration of their tasks."""
    return {
        (task.number, k): Probe(task.selection, head)
        for together in _in_batches(tasks, len(data.features))
        for task, heads in zip(together, _trained(data, together), strict=True)
        for k, head in zip(task.members, heads, strict=True)
    }


def _in_batches(tasks: Iterable[Task], rows: int) -> Iterator[list[Task]]:
    """Batch tasks of as many features as each other, as far as memory goes."""
    by_count: dict[int, list[Task]] = defaultdict(list)
    for task in tasks:
        by_count[task.selection.count].append(task)
    for count, alike in by_count.items():
        at_once = max(1, AT_ONCE // (rows * count))
        for start in range(0, len(alike), at_once):
            yield alike[start : start + at_once]


def _trained(data: Data, tasks: Sequence[Task]) -> list[list[Head]]:
    """Train them on the selected features of all, one selection's rows below another's."""
    distinct = list(dict.fromkeys(task.selection for task in tasks))
    first = {selection: number * len(data.features) for number, selection in enumerate(distinct)}
    x = torch.cat([selection.apply(data.features).values for selection in distinct])
    groups = [
        data.group(task.selection.widths, task.examples + first[task.selection], task.members.values())
        for task in tasks
    ]
    return train(x, data.labels.repeat(len(distinct)), groups, data.seed)


def checked(labels: Tensor, examples: int, classes: int) -> Tensor:
    """Give labels as int64 [n] on the CPU.

    Raises
    ------
    UserError
        If they are not n integers from 0 to classes - 1, or there is no example, or fewer than two classes.
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
