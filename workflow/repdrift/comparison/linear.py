"""Linear CKA of many pairs of layers in bounded memory: each Gram matrix is computed once, block by block."""

from collections.abc import Sequence
from itertools import product

from torch import Tensor

from repdrift.comparison.measuring import Measured, Pair
from repdrift.comparison.recording import Recording
from repdrift.errors import UserError
from repdrift.similarity.cka import LINEAR, PREFIX, linear_cka_matrices, linear_cka_matrix
from repdrift.similarity.gram import Representation

NAMES = tuple(PREFIX + name for name in LINEAR)

Side = dict[str, Representation]


def linear(names: Sequence[str], first: Recording, second: Recording, pairs: Sequence[Pair]) -> dict[str, Measured]:
    """Measure pairs of layers by biased or debiased linear CKA, or by both at the cost of one.

    Parameters
    ----------
    names : sequence of str
        Some of `NAMES`.
    first, second : Recording
        Recordings of the same images.
    pairs : sequence of pair
        All pairs of their layers, or others. Other pairs are measured one by one.
    """
    found = {name: Measured() for name in names}
    if not names:
        return found
    if len(pairs) == len(first.layers) * len(second.layers):
        groups = [(dict(first.layers), dict(second.layers))]
    else:
        groups = [({one: first.layers[one]}, {other: second.layers[other]}) for one, other in pairs]
    for xs, ys in groups:
        try:
            matrices = linear_cka_matrices([*xs.values(), *ys.values()])
            for name, each in found.items():
                each.values |= _values(matrices[name.removeprefix(PREFIX)], xs, ys)
        except UserError:  # of some layer; then those that are defined are measured
            for name, each in found.items():
                defined = [_defined(side, name, label, each) for side, label in ((xs, first.label), (ys, second.label))]
                if all(defined):
                    each.values |= _values(_matrix([*defined[0].values(), *defined[1].values()], name), *defined)
    return found


def _values(matrix: Tensor, xs: Side, ys: Side) -> dict[Pair, float]:
    """Return the values of all pairs of layers of two sides, given the matrix of the layers of both."""
    across = matrix[: len(xs), len(xs) :].flatten().tolist()
    return dict(zip(product(xs, ys), across, strict=True))


def _defined(side: Side, name: str, label: str, found: Measured) -> Side:
    """Return the layers whose similarity is defined, and note why that of the others is not."""
    defined: Side = {}
    for layer, x in side.items():
        try:
            _matrix([x], name)
            defined[layer] = x
        except UserError as error:
            why = str(error).replace("representation 1 ", "representation ")
            found.notes.append(f"{label}, layer {layer}: {name}: {why}")
    return defined


def _matrix(representations: Sequence[Representation], name: str) -> Tensor:
    return linear_cka_matrix(representations, estimator=name)
