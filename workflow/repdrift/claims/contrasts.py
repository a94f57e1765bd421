"""Claims of a paper as data: what each one says, and which numbers of a study it is about.

Standard library only: the Snakefile imports it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

SIMILARITY, HISTORY, CURVE = "similarity", "history", "curve"  # the tables that a contrast can be of

Key = tuple[str, ...]


@dataclass(frozen=True)
class Contrast:
    """A number for each seed, arranged so that a claim says: it is above 0.

    It is the sum of `weights` times what they stand for, plus `constant`; with `within`, that margin less the absolute
    value of the sum.

    Attributes
    ----------
    label : str
        What is compared, in words.
    table : str
        ``similarity`` (keys are run, reference, layer), ``history`` (run, column, and when), ``curve`` (epoch, layer)
        or that of an experiment's figure (keys as the experiment says).
    weights : mapping of tuple of str to float
    layer : str
        The layer that it tells of, if it is of one; of two layers, the later one. In an experiment: the target.
    decides : bool
        Whether the claim's verdict depends on it, or it is only shown beside those that decide.
    threshold : bool
        It holds linear CKA against a fixed number, which means nothing for other estimators.
    """

    label: str
    table: str
    weights: Mapping[Key, float]
    layer: str = ""
    constant: float = 0.0
    within: float | None = None
    decides: bool = True
    threshold: bool = False

    @property
    def spec(self) -> dict[str, Any]:
        """The contrast as JSON knows it: keys of weights are lists."""
        return {**vars(self), "weights": [[list(key), weight] for key, weight in self.weights.items()]}

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Contrast":
        return cls(**{**spec, "weights": {tuple(key): weight for key, weight in spec["weights"]}})


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper, where it stands, the figure that shows it, and its contrasts, which must all hold."""

    name: str
    sentence: str
    source: str
    figure: str
    contrasts: tuple[Contrast, ...]

    @property
    def spec(self) -> dict[str, Any]:
        return {**vars(self), "contrasts": [contrast.spec for contrast in self.contrasts]}

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Claim":
        return cls(**{**spec, "contrasts": tuple(Contrast.of(contrast) for contrast in spec["contrasts"])})


Contrasts = TypeVar("Contrasts")
Said = tuple[str, str, str, str, Callable[[Contrasts], Iterator[Contrast]]]


def made(rows: Iterable[Said[Contrasts]], contrasts: Contrasts) -> list[Claim]:
    """Claims of rows (name, sentence, source, figure, and what gives the contrasts)."""
    return [Claim(name, words, source, figure, tuple(of(contrasts))) for name, words, source, figure, of in rows]


def difference(label: str, more: Key, less: Key, *, layer: str | None = None, table: str = SIMILARITY) -> Contrast:
    """Contrast of two numbers, `more` less `less`; its layer is that of the latter."""
    if layer is None:
        layer = less[-1] if table == SIMILARITY else ""
    return Contrast(label, table, {more: 1.0, less: -1.0}, layer)


def trend(label: str, keys: Sequence[Key], sign: int, *, table: str = SIMILARITY) -> Iterator[Contrast]:
    """Contrast of a sequence of numbers: `sign` times its slope in ranks by least squares; none for one number.

    Between two numbers it is their difference; among more, the mean change from one to the next.
    """
    centre = (len(keys) - 1) / 2
    total = sum((rank - centre) ** 2 for rank in range(len(keys)))
    if total:
        weights = {key: sign * (rank - centre) / total for rank, key in enumerate(keys)}
        yield Contrast(label, table, weights, keys[0][-1] if table == SIMILARITY else "")


def over_targets(
    label: str, mean: str, table: str, targets: Mapping[str, Mapping[Key, float]], constant: float = 0.0
) -> Iterator[Contrast]:
    """Contrast of the mean over targets, which decides, and below it that of each one, which does not.

    Parameters
    ----------
    label, mean : str
        What is compared; with `mean` for that of the mean.
    targets : mapping of str to mapping
        Weights of each target, by its title.
    """
    share = 1 / max(1, len(targets))
    weights = {key: share * weight for of_target in targets.values() for key, weight in of_target.items()}
    if targets:
        yield Contrast(f"{label}, {mean}", table, weights, constant=constant)
    for title, of_target in targets.items():
        yield Contrast(label, table, of_target, title, constant, decides=False)


def history_runs(claims: Iterable[Claim]) -> list[str]:
    """Names of the runs whose histories these claims read."""
    contrasts = (contrast for claim in claims for contrast in claim.contrasts if contrast.table == HISTORY)
    return list(dict.fromkeys(key[0] for contrast in contrasts for key in contrast.weights))
