"""Claims of a paper as data: the sentence of each claim, and the contrasts of measured numbers that it is about.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

SIMILARITY, HISTORY, CURVE = "similarity", "history", "curve"  # tables that contrasts of all experiments can read

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
class Contrast:
    """A number for each seed that is above 0 if the claim holds.

    The number is the weighted sum of measurements plus `constant`. If `within` is given, the number is `within` less
    the absolute value of that.

    Attributes
    ----------
    label : str
        What is compared, in words.
    table : str
        The table of the measurements: ``similarity`` (a key is run, reference and layer), ``history`` (run, column and
        time), ``curve`` (epoch and layer), or the name of a `Table` of the experiment.
    weights : tuple of (Key, float)
        The key of each measurement, and its weight.
    layer : str
        The layer of the measurements, or the later one of two layers. In experiments with several targets it is the
        title of the target. It is empty if the contrast belongs to no single layer or target.
    constant : float
    within : float, optional
    decides : bool
        Whether the verdict on the claim depends on this contrast. Otherwise the contrast is only shown.
    threshold : bool
        Whether linear CKA is compared with a fixed number, which has no meaning for other estimators.
    """

    label: str
    table: str
    weights: tuple[tuple[Key, float], ...]
    layer: str
    constant: float
    within: float | None
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
    layer: str = "",
    *,
    constant: float = 0.0,
    within: float | None = None,
    decides: bool = True,
    threshold: bool = False,
) -> Contrast:
    """Make a contrast from the weights of its measurements by key, see `Contrast`."""
    return Contrast(label, table, tuple(weights.items()), layer, constant, within, decides, threshold)


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
        The contrasts. All that decide must be above 0 for the claim to hold.
    """

    name: str
    sentence: str
    source: str
    figure: str
    contrasts: tuple[Contrast, ...]


@dataclass(frozen=True)
class HistoryOf:
    """The run and the seed that a history belongs to."""

    run: str
    seed: int


Contrasts = TypeVar("Contrasts")
Sentence = tuple[str, str, str, str, Callable[[Contrasts], Iterator[Contrast]]]


def claims_of(sentences: Iterable[Sentence[Contrasts]], contrasts: Contrasts) -> list[Claim]:
    """Make claims from rows of name, sentence, source, figure, and the method of `contrasts` that yields contrasts."""
    return [Claim(name, words, source, figure, tuple(of(contrasts))) for name, words, source, figure, of in sentences]


def difference(label: str, more: Key, less: Key, *, layer: str | None = None, table: str = SIMILARITY) -> Contrast:
    """Contrast two measurements: `more` less `less`. The layer is by default the layer of `less`.

    Raises
    ------
    ValueError
        If both keys are the same.
    """
    if more == less:
        raise ValueError(f"{label}: {more} is compared with itself")
    if layer is None:
        layer = less[-1] if table == SIMILARITY else ""
    return contrast(label, table, {more: 1.0, less: -1.0}, layer)


def trend(
    label: str, keys: Sequence[Key], sign: int, *, layer: str | None = None, table: str = SIMILARITY
) -> Iterator[Contrast]:
    """Contrast a sequence of measurements: `sign` times the least-squares slope over their ranks.

    The slope of two numbers is their difference. A single number has no slope, so there is no contrast. The layer is by
    default the layer of the first measurement.

    Raises
    ------
    ValueError
        If a key is in the sequence twice.
    """
    if len(set(keys)) < len(keys):
        raise ValueError(f"{label}: a number stands twice in the trend over {', '.join(map(str, keys))}")
    slope = slope_in_ranks(len(keys))
    if layer is None:
        layer = keys[0][-1] if keys and table == SIMILARITY else ""
    if slope:
        yield contrast(label, table, {key: sign * weight for key, weight in zip(keys, slope, strict=True)}, layer)


def slope_in_ranks(count: int) -> list[float]:
    """Return the weights whose weighted sum of `count` numbers is their least-squares slope over their ranks.

    The list is empty for one number.
    """
    centre = (count - 1) / 2
    total = sum((rank - centre) ** 2 for rank in range(count))
    return [(rank - centre) / total for rank in range(count)] if total else []


def over_targets(
    label: str, mean: str, table: str, targets: Mapping[str, Weights], constant: float = 0.0
) -> Iterator[Contrast]:
    """Yield the contrast of the mean over targets, which decides, and then one of each target, which does not.

    Parameters
    ----------
    label : str
        What is compared.
    mean : str
        The words that are added to the label of the mean.
    table : str
    targets : mapping of str to mapping
        The weights of the measurements of each target, by its title.
    constant : float
    """
    share = 1 / max(1, len(targets))
    weights = {key: share * weight for of_target in targets.values() for key, weight in of_target.items()}
    if targets:
        yield contrast(f"{label}, {mean}", table, weights, constant=constant)
    for title, of_target in targets.items():
        yield contrast(label, table, of_target, title, constant=constant, decides=False)


def history_runs(claims: Iterable[Claim]) -> list[str]:
    """List the names of the runs whose histories some claims read."""
    contrasts = (found for claim in claims for found in claim.contrasts if found.table == HISTORY)
    return list(dict.fromkeys(key[0] for found in contrasts for key in found.by_key))


def histories_of(claims: Iterable[Claim], seeds: Sequence[int]) -> tuple[HistoryOf, ...]:
    """Return the run and the seed of each history that some claims read."""
    return tuple(HistoryOf(run, seed) for run in history_runs(claims) for seed in seeds)
