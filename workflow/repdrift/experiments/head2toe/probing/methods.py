"""The methods that are compared, each with the configurations that its search tries: 24 for every one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from repdrift.errors import UserError
from repdrift.experiments.head2toe.probing.heads import Setting
from repdrift.experiments.head2toe.probing.probe import Configuration

BUDGET = 24  # the paper's for methods that use all layers
STEPS = (500, 5000)
LEARNING_RATES = (0.01, 0.1)
STRENGTHS = (1e-5, 1e-4)
FRACTION = 0.05  # while the rest is searched for; then these as well, with the best
FRACTIONS = (0.001, 0.005, 0.01, 0.02, 0.1, 0.2, 0.5, 1.0)
# Where there is less to choose, learning rates are finer.
TWELVE_RATES = (0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
SIX_RATES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
FOUR_RATES = (0.001, 0.01, 0.1, 1.0)
THREE_STRENGTHS = (1e-5, 1e-4, 1e-3)


@dataclass(frozen=True)
class Method:
    """A way of probing, and what its search tries.

    Parameters
    ----------
    name : str
    selector : str
        ``all``, ``random`` or ``scores``, see `repdrift.experiments.head2toe.probing.fit`.
    configurations : tuple of Configuration
        Simpler ones first.
    fractions : tuple of float
        Further fractions that are tried with the best configuration.
    layers : tuple of str, optional
        The layers used; None: all.
    """

    name: str
    selector: str
    configurations: tuple[Configuration, ...]
    fractions: tuple[float, ...] = ()
    layers: tuple[str, ...] | None = None

    @property
    def budget(self) -> int:
        """Number of configurations that are tried."""
        return len(self.configurations) + len(self.fractions)


def methods(
    penultimate: str,
    target_sizes: Sequence[int | None],
    steps: Sequence[int] = STEPS,
    beside: Mapping[str, str] | None = None,
) -> dict[str, Method]:
    """Give the methods by name, each with a budget of 24.

    The paper gives methods of one layer 4 configurations and those of all layers 24, fractions not counted; here every
    method tries as many.

    Parameters
    ----------
    penultimate : str
        The layer of the linear probe, used without pooling (target size None).
    target_sizes : two of (int or None)
        What methods of all layers choose from.
    steps : two of int
        Lengths of the training of a head; the default is the paper's.
    beside : dict of str to str, optional
        Linear probes on one layer more, by their names: the layer, used without pooling as the penultimate is.

    Raises
    ------
    UserError
        If there are not two of each.
    """
    for name, values in (("target sizes", target_sizes), ("steps", steps)):
        if len(values) != 2 or values[0] == values[1]:
            raise UserError(f"{name} {', '.join(map(str, values))}: give two, for a budget of {BUDGET}")

    def settings(
        rates: Sequence[float], regulariser: str = "none", strengths: Sequence[float] = (0.0,)
    ) -> list[Setting]:
        """Few steps first, then the stronger regulariser, then the smaller rate."""
        grid = product(sorted(steps), sorted(strengths, reverse=True), rates)
        return [Setting(rate, length, regulariser, strength) for length, strength, rate in grid]

    def regularised(name: str, regulariser: str) -> Method:
        return Method(name, "all", _grid(settings(LEARNING_RATES, regulariser, THREE_STRENGTHS), target_sizes))

    linear = _grid(settings(TWELVE_RATES), [None])
    widened = [Method(name, "all", linear, layers=(penultimate, layer)) for name, layer in (beside or {}).items()]
    scored = _grid(settings(LEARNING_RATES, "group-lasso", STRENGTHS), target_sizes, FRACTION)
    found = [
        Method("linear", "all", linear, layers=(penultimate,)),
        *widened,
        Method("all", "all", _grid(settings(SIX_RATES), target_sizes)),
        regularised("all-l1", "l1"),
        regularised("all-l2", "l2"),
        regularised("all-group-lasso", "group-lasso"),
        Method("random", "random", _grid(settings(FOUR_RATES), target_sizes, FRACTION), FRACTIONS),
        Method("head2toe", "scores", scored, FRACTIONS),
    ]
    return {method.name: method for method in found}


def _grid(settings: Sequence[Setting], sizes: Sequence[int | None], fraction: float = 1.0) -> tuple[Configuration, ...]:
    return tuple(Configuration(setting, size, fraction) for size, setting in product(sizes, settings))
