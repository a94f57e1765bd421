"""Claims of a paper as data: the sentence of each claim, and the contrasts of measured numbers that it is about.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

SIMILARITY, HISTORY, CURVE = "similarity", "history", "curve"  # tables that contrasts of all experiments can read
CALIBRATED = ", calibrated"  # appended to the name of an estimator whose values are calibrated by their null

HALF = "half"  # the first part of the names of the columns with similarities on half of the probe

Key = tuple[str, ...]


Weights = Mapping[Key, float]


@dataclass(frozen=True)
class Table:
    """A table whose numbers claims read.

    Attributes
    ----------
    name : str
        The name of the figure that the table belongs to.
    columns : tuple of str
        The columns whose values identify a number.
    """

    name: str
    columns: tuple[str, ...]

    def key(self, **cells: str) -> Key:
        """Make the key of a number from its cells. The cell of a column that is not named is empty.

        Raises
        ------
        ValueError
            If the table has no such column.
        """
        unknown = cells.keys() - set(self.columns)
        if unknown:
            raise ValueError(f"the table {self.name} has no column {', '.join(sorted(unknown))}")
        return tuple(cells.get(column, "") for column in self.columns)

    @property
    def written(self) -> tuple[str, ...]:
        """The columns of the file that a program writes: the seed comes second, and the value last."""
        first, *others = self.columns
        return (first, "seed", *others, "value")


@dataclass(frozen=True)
class Scale:
    """The unit of a contrast and its margin.

    Attributes
    ----------
    unit : str
    margin : float
        The smallest effect of interest in that unit. Effects within the margin count as negligible.
    """

    unit: str
    margin: float


@dataclass(frozen=True)
class Contrast:
    """A number for each seed: a weighted sum of measurements, plus `constant`.

    Its sign is chosen so that the claim says that the number is above 0. If `equal` is set, the claim says instead that
    the number is 0.

    Attributes
    ----------
    label : str
        What is compared, in words.
    table : str
        The table of the measurements: ``similarity`` (a key is run, reference, layer and probe), ``history`` (run,
        column and time), ``curve`` (epoch and layer), or the name of a `Table` of the experiment.
    weights : tuple of (Key, float)
        The key of each measurement, and its weight.
    scale : Scale
        Its unit, and the smallest effect of interest.
    layer : str
        The layer of the measurements, or the later one of two layers. In experiments with several targets it is the
        title of the target. It is empty if the contrast belongs to no single layer or target.
    constant : float
    equal : bool
        Whether the claim says that the number is 0 within the margin.
    decides : bool
        Whether the verdict on the claim depends on this contrast. Otherwise the contrast is only shown.
    threshold : bool
        Whether linear CKA is compared with a fixed number, which has no meaning for other estimators.
    """

    label: str
    table: str
    weights: tuple[tuple[Key, float], ...]
    scale: Scale
    layer: str
    constant: float
    equal: bool
    decides: bool
    threshold: bool

    @property
    def by_key(self) -> dict[Key, float]:
        """The weight of each measurement by its key."""
        return dict(self.weights)


def contrast(
    label: str,
    table: str,
    weights: Weights,
    scale: Scale,
    layer: str = "",
    *,
    constant: float = 0.0,
    equal: bool = False,
    decides: bool = True,
    threshold: bool = False,
) -> Contrast:
    """Make a contrast from the weights of its measurements by key, see `Contrast`."""
    return Contrast(label, table, tuple(weights.items()), scale, layer, constant, equal, decides, threshold)


ALL, ANY, MEAN = "all", "any", "mean"  # what the sentence of a claim needs of its contrasts
PAPER, OURS, BACKGROUND = "paper", "ours", "background"  # who makes a claim


@dataclass(frozen=True)
class Claim:
    """A claim of a paper.

    Attributes
    ----------
    name : str
    sentence : str
    source : str
        The place in the paper.
    figure : str
        The figure of the study that shows the measurements.
    contrasts : tuple of Contrast
    needs : str
        What the sentence needs of the contrasts that decide: ``all`` of them, ``any`` of them, or their ``mean``, which
        is then the only contrast that decides.
    origin : str
        ``paper``; ``background`` if the paper reports it as the result of others; ``ours`` if the paper lacks it.
    """

    name: str
    sentence: str
    source: str
    figure: str
    contrasts: tuple[Contrast, ...]
    needs: str
    origin: str


@dataclass(frozen=True)
class HistoryOf:
    """The run and the seed that a history belongs to."""

    run: str
    seed: int


Contrasts = TypeVar("Contrasts")


@dataclass(frozen=True)
class Sentence(Generic[Contrasts]):
    """A sentence of a paper, see `Claim`. `contrasts` is the method that yields the contrasts of the claim."""

    name: str
    words: str
    source: str
    figure: str
    contrasts: Callable[[Contrasts], Iterator[Contrast]]
    needs: str = ALL
    origin: str = PAPER


def claims_of(
    sentences: Iterable[Sentence[Contrasts]],
    contrasts: Contrasts,
    has: Callable[[Contrast], bool] = lambda contrast: True,
) -> list[Claim]:
    """Make claims from sentences.

    Contrasts for which `has` is false are left out, and those without a number, such as a trend over a single one.

    Raises
    ------
    ValueError
        If a claim needs the mean of its contrasts, and more than one contrast decides.
    """
    found = []
    for one in sentences:
        possible = tuple(each for each in one.contrasts(contrasts) if each.by_key and has(each))
        if one.needs == MEAN and sum(contrast.decides for contrast in possible) > 1:
            raise ValueError(f"{one.name} needs the mean of its contrasts, so only one contrast may decide")
        found.append(Claim(one.name, one.words, one.source, one.figure, possible, one.needs, one.origin))
    return found


def difference(
    label: str, more: Key, less: Key, scale: Scale, *, table: str = SIMILARITY, layer: str = "", decides: bool = True
) -> Contrast:
    """Contrast two measurements: `more` less `less`.

    Raises
    ------
    ValueError
        If both keys are the same.
    """
    if more == less:
        raise ValueError(f"{label}: {more} is compared with itself")
    return contrast(label, table, {more: 1.0, less: -1.0}, scale, layer, decides=decides)


def trend(keys: Sequence[Key], sign: int) -> dict[Key, float]:
    """Return the weights of the trend over a sequence of measurements: `sign` times the fitted change.

    The fitted change is that of the least-squares line over the ranks of the measurements, from the first to the last.
    Of two measurements it is their difference. Of fewer there is none, and there are no weights.

    Raises
    ------
    ValueError
        If a key is in the sequence twice.
    """
    if len(set(keys)) < len(keys):
        raise ValueError(f"a number stands twice in the trend over {', '.join(map(str, keys))}")
    return {key: sign * weight for key, weight in zip(keys, fitted_change(len(keys)), strict=False)}


def fitted_change(count: int) -> list[float]:
    """Return the weights whose weighted sum of `count` numbers is the change of their least-squares line.

    The line is fitted over their ranks, and the change is from the first to the last. The list is empty for fewer than
    two numbers.
    """
    centre = (count - 1) / 2
    total = sum((rank - centre) ** 2 for rank in range(count))
    return [(count - 1) * (rank - centre) / total for rank in range(count)] if total else []


def mean_of(
    label: str,
    mean: str,
    table: str,
    parts: Mapping[str, Weights],
    scale: Scale,
    *,
    constant: float = 0.0,
    equal: bool = False,
) -> Iterator[Contrast]:
    """Yield the contrast of the mean over parts, which decides, and then one of each part, which does not.

    If there is a single part, it is the mean.

    Parameters
    ----------
    label : str
        What is compared.
    mean : str
        The words that are added to the label of the mean.
    table : str
    parts : mapping of str to mapping
        The weights of the measurements of each part, by its layer or by the title of its target.
    scale : Scale
    constant : float
    equal : bool
    """
    if len(parts) > 1:
        weights = weighted(*((1 / len(parts), part) for part in parts.values()))
        yield contrast(f"{label}, {mean}", table, weights, scale, constant=constant, equal=equal)
    for name, part in parts.items():
        yield contrast(label, table, part, scale, name, constant=constant, equal=equal, decides=len(parts) == 1)


def weighted(*terms: tuple[float, Weights]) -> dict[Key, float]:
    """Return the weights of a sum of terms, each of which is a factor and weights."""
    total: dict[Key, float] = {}
    for factor, weights in terms:
        for key, weight in weights.items():
            total[key] = total.get(key, 0.0) + factor * weight
    return total


def history_runs(claims: Iterable[Claim]) -> list[str]:
    """List the names of the runs whose histories some claims read."""
    contrasts = (found for claim in claims for found in claim.contrasts if found.table == HISTORY)
    return list(dict.fromkeys(key[0] for found in contrasts for key in found.by_key))


def histories_of(claims: Iterable[Claim], seeds: Sequence[int]) -> tuple[HistoryOf, ...]:
    """Return the run and the seed of each history that some claims read."""
    return tuple(HistoryOf(run, seed) for run in history_runs(claims) for seed in seeds)
