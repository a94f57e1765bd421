"""Soft matching: the mean correlation of units that are matched as well as can be (Khosla & Williams 2024)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.estimator import ROUNDING, Estimator, centred, check, check_same_images
from repdrift.similarity.gram import Gram, Representation
from repdrift.similarity.registry import NEEDS_FEATURES

UNITS = 2048  # of a representation: a larger assignment takes more than a second


@dataclass(frozen=True)
class SoftMatching(Estimator[Tensor]):
    """Soft-matching correlation (Khosla & Williams 2024, arXiv 2311.09466, equation 6), in -1..1.

    It is the largest mean correlation of matched units. Between two representations of p units each, a matching is
    one-to-one. Between p and q units it is a transport plan, in which each unit has the mass 1 / p on one side and
    1 / q on the other. The measure is symmetric. It is invariant to the order, scale and offset of the units, but not
    to rotations. A unit that is the same for all images has the correlation 0 with every unit.

    Raises
    ------
    UserError
        `prepare` raises it if `repdrift.similarity.estimator.check` does, if only inner products are given, or if there
        are more than 2,048 units.
    """

    def prepare(self, x: Representation) -> Tensor:
        """Return the units, centred and of norm 1, float64 [n, p]. Constant units are 0."""
        check(x)
        if x.shape[1] > UNITS:
            raise UserError(
                f"soft matching takes up to {UNITS:,} units, not {x.shape[1]:,}: reduce the layer (reduce: mean)"
            )
        if isinstance(x, Gram):
            raise UserError(f"soft matching {NEEDS_FEATURES}")
        values = centred(x)
        norms = values.norm(dim=0)
        varies = norms > ROUNDING * norms.max()
        return torch.where(varies, values / norms, torch.zeros_like(values))

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the mean correlation of the matched units."""
        check_same_images(len(a), len(b))
        correlations = (a.T @ b).cpu().numpy()
        p, q = correlations.shape
        if p == q:
            return float(correlations[linear_sum_assignment(correlations, maximize=True)].mean())
        return _transported(correlations)

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the units of x[order]."""
        return state[order]


def _transported(correlations: NDArray[np.float64]) -> float:
    """Return the largest mean correlation [p, q] over all transport plans between uniform masses.

    The masses are whole numbers, q for each row and p for each column, so that the solver's tolerances do not depend on
    the size.
    """
    p, q = correlations.shape
    rows = sparse.kron(sparse.eye(p), np.ones((1, q)))
    columns = sparse.kron(np.ones((1, p)), sparse.eye(q))
    masses = np.concatenate([np.full(p, q), np.full(q, p)])
    found = linprog(-correlations.ravel(), A_eq=sparse.vstack([rows, columns]), b_eq=masses, method="highs")
    if not found.success:
        raise UserError(f"soft matching of {p} and {q} units: the solver of scipy ends with: {found.message}")
    return float(-found.fun / (p * q))
