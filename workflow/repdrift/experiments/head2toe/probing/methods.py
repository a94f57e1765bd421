"""The methods that are compared. The search for the best configuration of a method tries 24 of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from repdrift.errors import UserError
from repdrift.experiments.head2toe.budget import BUDGET
from repdrift.experiments.head2toe.probing.heads import Setting
from repdrift.experiments.head2toe.probing.probe import Configuration

STEPS = (500, 5000)
LEARNING_RATES = (0.01, 0.1)
STRENGTHS = (1e-5, 1e-4)
FRACTION = 0.05  # the fraction of the features that is kept while everything else is searched for
FRACTIONS = (0.001, 0.005, 0.01, 0.02, 0.1, 0.2, 0.5, 1.0)  # fractions that are then tried with the best of these
# Methods with fewer settings to choose have more learning rates, so that all try 24 configurations.
TWELVE_RATES = (0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
SIX_RATES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
FOUR_RATES = (0.001, 0.01, 0.1, 1.0)
THREE_STRENGTHS = (1e-5, 1e-4, 1e-3)


@dataclass(frozen=True)
class Method:
    """A method of probing, with the configurations that its search tries.

    Attributes
    ----------
    name : str
    selector : str
        The way of selecting features: ``all``, ``random`` or ``scores``, see
        `repdrift.experiments.head2toe.probing.fit`.
    configurations : tuple of Configuration
        The configurations that are tried, with simpler ones first.
    fractions : tuple of float
        Further fractions of the features that are tried with the best configuration.
    layers : tuple of str, optional
        Names of the layers that are used. None is for all layers.
    """

    name: str
    selector: str
    configurations: tuple[Configuration, ...]
    fractions: tuple[float, ...] = ()
    layers: tuple[str, ...] | None = None

    @property
    def budget(self) -> int:
        """The number of configurations that are tried, including those with further fractions."""
        return len(self.configurations) + len(self.fractions)


def methods(
    penultimate: str,
    target_sizes: Sequence[int | None],
    steps: Sequence[int] = STEPS,
    beside: Mapping[str, str] | None = None,
) -> dict[str, Method]:
    """Return the methods by name, each with a budget of 24 configurations.

    In the paper, methods that use one layer try 4 configurations, and methods that use all layers try 24 and several
    fractions. Here, every method tries 24 in all.

    Parameters
    ----------
    penultimate : str
        Name of the layer of the linear probe. It is not pooled (its target size is None).
    target_sizes : sequence of two int or None
        The target sizes that methods with all layers try.
    steps : sequence of two int
        The numbers of steps in the training of a head that all methods try. The default is the paper's.
    beside : mapping of str to str, optional
        Further linear probes by name. Each uses the penultimate layer and the layer named here, which is not pooled.

    Raises
    ------
    UserError
        If there are not two different target sizes and two different numbers of steps.
    """
    _check_two("target sizes", target_sizes)
    _check_two("steps", steps)

    def regularised(name: str, regulariser: str) -> Method:
        return Method(name, "all", _grid(_settings(steps, LEARNING_RATES, regulariser, THREE_STRENGTHS), target_sizes))

    linear = _grid(_settings(steps, TWELVE_RATES), [None])
    widened = [Method(name, "all", linear, layers=(penultimate, layer)) for name, layer in (beside or {}).items()]
    scored = _grid(_settings(steps, LEARNING_RATES, "group-lasso", STRENGTHS), target_sizes, FRACTION)
    found = [
        Method("linear", "all", linear, layers=(penultimate,)),
        *widened,
        Method("all", "all", _grid(_settings(steps, SIX_RATES), target_sizes)),
        regularised("all-l1", "l1"),
        regularised("all-l2", "l2"),
        regularised("all-group-lasso", "group-lasso"),
        Method("random", "random", _grid(_settings(steps, FOUR_RATES), target_sizes, FRACTION), FRACTIONS),
        Method("head2toe", "scores", scored, FRACTIONS),
    ]
    return {method.name: method for method in found}


def before_training(penultimate: str, target_sizes: Sequence[int], steps: Sequence[int] = STEPS) -> dict[str, Method]:
    """Return the methods ``linear`` and ``head2toe`` with a budget of 12 configurations.

    They are for probes whose network is then trained: the training has the other half of the budget. The linear probe
    has every second learning rate. Head2Toe has the larger target size and the larger number of steps only.

    Parameters
    ----------
    penultimate, target_sizes, steps
        As for `methods`.

    Raises
    ------
    UserError
        If there are not two different target sizes and two different numbers of steps.
    """
    _check_two("target sizes", target_sizes)
    _check_two("steps", steps)
    linear = _grid(_settings(steps, TWELVE_RATES[1::2]), [None])
    scored = _grid(_settings([max(steps)], LEARNING_RATES, "group-lasso", STRENGTHS), [max(target_sizes)], FRACTION)
    found = [Method("linear", "all", linear, layers=(penultimate,)), Method("head2toe", "scores", scored, FRACTIONS)]
    return {method.name: method for method in found}


def _check_two(name: str, values: Sequence[int | None]) -> None:
    if len(values) != 2 or values[0] == values[1]:
        raise UserError(f"{name} {', '.join(map(str, values))}: give two different ones, for a budget of {BUDGET}")


def _settings(
    steps: Sequence[int], rates: Sequence[float], regulariser: str = "none", strengths: Sequence[float] = (0.0,)
) -> list[Setting]:
    """List settings from simple to complex: by steps, then by falling strength, then by learning rate."""
    grid = product(sorted(steps), sorted(strengths, reverse=True), rates)
    return [Setting(rate, length, regulariser, strength) for length, strength, rate in grid]


def _grid(settings: Sequence[Setting], sizes: Sequence[int | None], fraction: float = 1.0) -> tuple[Configuration, ...]:
    return tuple(Configuration(setting, size, fraction) for size, setting in product(sizes, settings))
