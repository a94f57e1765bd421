"""The common steps of estimators that compare two symmetric matrices over all pairs of images."""

import torch
from torch import Tensor

from repdrift.similarity.blas import add_square
from repdrift.similarity.estimator import ROUNDING, Estimator, UndefinedError, centred, check_same_images
from repdrift.similarity.gram import Gram, Representation
from repdrift.similarity.permutations import Orders, Permutations, inner_products, reordered


class CosineOfPairs(Estimator[Tensor]):
    """An estimator whose similarity is the cosine of two symmetric matrices.

    A state is such a matrix: float64 [n, n], of Frobenius norm 1.
    """

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the cosine of two states. No epsilon is added, and the value is not clamped."""
        check_same_images(len(a), len(b))
        return torch.dot(a.flatten(), b.flatten()).item()

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the state of x[order]. Its norm does not change, so a permutation costs one pass over the matrix."""
        return reordered(state, order)

    def compare_permuted(self, a: Tensor, b: Tensor, permutations: Orders) -> Tensor:
        """Return the cosine under each permutation, for all shifts of a base at once if they are `Permutations`."""
        check_same_images(len(a), len(b))
        if isinstance(permutations, Permutations):
            return inner_products(a, b, permutations, symmetric=True)
        return super().compare_permuted(a, b, permutations)

    def null_mean(self, a: Tensor, b: Tensor) -> float:
        """Return the mean of the cosine over all permutations.

        A permutation takes diagonal entries to diagonal entries, and other entries to other entries, all equally often.
        So each diagonal entry of one matrix meets the mean diagonal entry of the other, and likewise off the diagonal.
        Without a diagonal and with a sum of 0, as the states of debiased CKA and RSA are, the mean is 0.
        """
        images = len(a)
        traces = a.trace() * b.trace()
        others = (a.sum() - a.trace()) * (b.sum() - b.trace())
        return (traces / images + others / (images * (images - 1))).item()


def of_norm_1(matrix: Tensor, scale: float, what: str) -> Tensor:
    """Divide a matrix by its Frobenius norm.

    Raises
    ------
    UserError
        If all entries are rounding errors of values as large as `scale`. `what` names what is 0 in the message.
    """
    if not bool(matrix.abs().max() > ROUNDING * scale):
        raise UndefinedError(f"{what} is 0: its similarity to anything is undefined")
    scaled: Tensor = matrix / matrix.norm()
    return scaled


def centred_gram(x: Representation) -> Tensor:
    """Return the Gram matrix float64 [n, n] of a representation [n, p] with centred columns."""
    if isinstance(x, Gram):
        return x.centred()
    x = centred(x)
    result = x.new_zeros(len(x), len(x))
    add_square(result, x)
    return result + result.triu(diagonal=1).T
