"""Claims of a paper as data: what each one says, and which numbers of a study it is about.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

SIMILARITY, HISTORY, CURVE = "similarity", "history", "curve"  # the tables that a contrast can be of

Key = tuple[str, ...]


Weights = Mapping[Key, float]


@dataclass(frozen=True)
class Table:
    """A table whose numbers claims read: the figure that it belongs to, and the columns that identify a number."""

    name: str
    columns: tuple[str, ...]

    def key(self, **cells: str) -> Key:
        """Make the key of a number from its cells; a column that is not named is empty.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        unknown = cells.keys() - set(self.columns)
        if unknown:
            raise ValueError(f"the table {self.name} has no column {', '.join(sorted(unknown))}")
        return tuple(cells.get(column, "") for column in self.columns)

    @property
    def written(self) -> tuple[str, ...]:
        """The columns of the file that a program writes: these, the seed as the second, and the value."""
        first, *others = self.columns
        return (first, "seed", *others, "value")


@dataclass(frozen=True)
class Contrast:
    """A number for each seed, arranged so that a claim says: it is above 0.

    The number is the sum of the weighted measurements plus `constant`. With `within`, it is that margin less the
    absolute value of the sum.

    Attributes
    ----------
    label : str
        What is compared, in words.
    table : str
        Where the measurements are: ``similarity`` (a key is run, reference and layer), ``history`` (run, column and
        time), ``curve`` (epoch and layer), or the name of an experiment's figure (its `Experiment.keys`).
    weights : tuple of (Key, float)
        The key of each measurement, and its weight.
    layer : str
        The layer that the contrast tells of, or the later one of two. In the experiments on other papers it is the
        target data set. Empty where there is none.
    constant : float
    within : float, optional
    decides : bool
        Whether the verdict on the claim depends on this contrast, or it is only shown beside those that decide.
    threshold : bool
        Whether it holds linear CKA against a fixed number, which means nothing for other estimators.
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
    """Make a contrast of weights by key."""
    return Contrast(label, table, tuple(weights.items()), layer, constant, within, decides, threshold)


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, where it stands, the figure that shows it, and its contrasts, which must all hold."""

    name: str
    sentence: str
    source: str
    figure: str
    contrasts: tuple[Contrast, ...]


@dataclass(frozen=True)
class HistoryOf:
    """Whose a history is."""

    run: str
    seed: int


Contrasts = TypeVar("Contrasts")
Sentence = tuple[str, str, str, str, Callable[[Contrasts], Iterator[Contrast]]]


def claims_of(sentences: Iterable[Sentence[Contrasts]], contrasts: Contrasts) -> list[Claim]:
    """Make claims of rows: name, sentence, source, figure, and the method of `contrasts` that gives the contrasts."""
    return [Claim(name, words, source, figure, tuple(of(contrasts))) for name, words, source, figure, of in sentences]


def difference(label: str, more: Key, less: Key, *, layer: str | None = None, table: str = SIMILARITY) -> Contrast:
    """Contrast two numbers: `more` less `less`. Its layer is by default that of the latter.

    Raises
    ------
    ValueError
        If both are the same number.
    """
    if more == less:
        raise ValueError(f"{label}: {more} is compared with itself")
    if layer is None:
        layer = less[-1] if table == SIMILARITY else ""
    return contrast(label, table, {more: 1.0, less: -1.0}, layer)


def trend(
    label: str, keys: Sequence[Key], sign: int, *, layer: str | None = None, table: str = SIMILARITY
) -> Iterator[Contrast]:
    """Contrast a sequence of numbers: `sign` times its slope in ranks by least squares; nothing for a single number.

    Between two numbers the slope is their difference. Among more it is the mean change from one to the next. The layer
    is by default that of the first.

    Raises
    ------
    ValueError
        If a number is in the sequence twice.
    """
    if len(set(keys)) < len(keys):
        raise ValueError(f"{label}: a number stands twice in the trend over {', '.join(map(str, keys))}")
    slope = slope_in_ranks(len(keys))
    if layer is None:
        layer = keys[0][-1] if keys and table == SIMILARITY else ""
    if slope:
        yield contrast(label, table, {key: sign * weight for key, weight in zip(keys, slope, strict=True)}, layer)


def slope_in_ranks(count: int) -> list[float]:
    """Give the weights with which a sum of numbers is their slope in ranks by least squares; none for one number."""
    centre = (count - 1) / 2
    total = sum((rank - centre) ** 2 for rank in range(count))
    return [(rank - centre) / total for rank in range(count)] if total else []


def over_targets(
    label: str, mean: str, table: str, targets: Mapping[str, Weights], constant: float = 0.0
) -> Iterator[Contrast]:
    """Contrast the mean over targets, which decides, and after it each target, which does not.

    Parameters
    ----------
    label, mean : str
        What is compared; `mean` is added for the mean.
    targets : mapping of str to mapping
        Weights of each target, by its title.
    """
    share = 1 / max(1, len(targets))
    weights = {key: share * weight for of_target in targets.values() for key, weight in of_target.items()}
    if targets:
        yield contrast(f"{label}, {mean}", table, weights, constant=constant)
    for title, of_target in targets.items():
        yield contrast(label, table, of_target, title, constant=constant, decides=False)


def history_runs(claims: Iterable[Claim]) -> list[str]:
    """Name the runs whose histories these claims read."""
    contrasts = (found for claim in claims for found in claim.contrasts if found.table == HISTORY)
    return list(dict.fromkeys(key[0] for found in contrasts for key in found.by_key))
