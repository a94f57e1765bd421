"""Estimators that compare two symmetric matrices over all pairs of images: what they have in common."""

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.blas import add_square
from repdrift.similarity.estimator import ROUNDING, check_same_images


class CosineOfPairs:
    """The similarity is the cosine of two symmetric matrices; a state is one of them, float64 [n, n], of norm 1."""

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Cosine of two states. No epsilon, no clamp."""
        check_same_images(len(a), len(b))
        return torch.dot(a.flatten(), b.flatten()).item()

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """State of x[order]; its norm stays, so each permutation costs one pass over the matrix."""
        # Whole rows are moved twice, which is five times as fast as a look-up of single entries.
        return state.index_select(0, order).T.contiguous().index_select(0, order)


def of_norm_1(matrix: Tensor, scale: float, what: str) -> Tensor:
    """Divide a matrix by its Frobenius norm.

    Raises
    ------
    UserError
        If nothing but rounding is left of entries of the size `scale`; the message says of `what`.
    """
    if not bool(matrix.abs().max() > ROUNDING * scale):
        raise UserError(f"{what} is 0: its similarity to anything is undefined")
    scaled: Tensor = matrix / matrix.norm()
    return scaled


def gram(x: Tensor) -> Tensor:
    """X X' [n, n] of a contiguous x [n, p]."""
    result = x.new_zeros(len(x), len(x))
    add_square(result, x)
    return result + result.triu(diagonal=1).T
