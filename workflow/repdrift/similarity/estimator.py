"""The interface of estimators of similarity, and the checks and first steps that they share."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.gram import Gram, Representation, middle
from repdrift.similarity.permutations import Orders

MINIMUM_IMAGES = 4  # the unbiased HSIC divides by n - 3
ROUNDING = 1e-12  # relative to the largest value: smaller values, and smaller differences, are rounding errors

LARGEST_EXPONENT = {torch.float32: 40, torch.float64: 200}  # of 2; features beyond it are multiplied, see `in_range`

State = TypeVar("State")


class Estimator(ABC, Generic[State]):
    """An estimator of the similarity of two representations of the same n images.

    A state is everything that a comparison needs of one representation. It is prepared once, and all comparisons of
    that representation use it, including those with permuted images.

    A representation is given as features [n, p], or as the inner products of its images, from which the same values
    follow, see `repdrift.similarity.gram.Gram`.
    """

    @abstractmethod
    def prepare(self, x: Representation) -> State:
        """Return the state of a representation [n, p]. Raise UserError if its similarity is undefined."""

    @abstractmethod
    def compare(self, a: State, b: State) -> float:
        """Return the similarity of two representations. Raise UserError if their numbers of images differ."""

    @abstractmethod
    def permute(self, state: State, order: Tensor) -> State:
        """Return the state of x[order], given that of x. `order` is a permutation int64 [n] of the images."""

    def compare_permuted(self, a: State, b: State, permutations: Orders) -> Tensor:
        """Return the similarity of `a` to `b` under each permutation of the images of `b`, float64 [permutations].

        An estimator overrides this if it has a faster way for `repdrift.similarity.permutations.Permutations`.
        """
        values = [self.compare(a, self.permute(b, order)) for order in permutations]
        return torch.tensor(values, dtype=torch.float64)

    def null_mean(self, a: State, b: State) -> float | None:
        """Return the mean of the similarity over all n! permutations of the images, or None without a closed form."""
        return None

    def resample(
        self, x: Representation, y: Representation, samples: Tensor, states: tuple[State, State] | None = None
    ) -> Tensor:
        """Return the similarity of x[sample] and y[sample] for each column of `samples`, bool [n, R], float64 [R].

        See `repdrift.similarity.resampling.resampled`. An estimator overrides this if it needs the states of all images
        only.
        """
        values = [self.compare(self.prepare(x[sample]), self.prepare(y[sample])) for sample in samples.T]
        return torch.tensor(values, dtype=torch.float64)


class UndefinedError(UserError):
    """The error for a representation whose similarity to anything is undefined, such as one that is constant."""


def state_if_defined(estimator: Estimator[State], x: Representation, name: str) -> State | None:
    """Return the state of a representation [n, p], or None if its similarity is undefined. This is printed then.

    `name` is its name in that line.

    Raises
    ------
    UserError
        If the estimator cannot take it for another reason.
    """
    try:
        return estimator.prepare(x)
    except UndefinedError as error:
        print(f"{name}: {error}")
        return None


def check(x: Representation, name: str = "representation") -> None:
    """Check that a representation has a similarity to others. `name` is its name in the message of an error.

    Raises
    ------
    UserError
        If x is not [n, p] with n >= 4, a value is not finite, or no column varies over the images.
    """
    if len(x.shape) != 2 or len(x) < MINIMUM_IMAGES:
        raise UserError(f"{name}: shape {tuple(x.shape)}; expected [n, p] with at least {MINIMUM_IMAGES} images")
    values = x.products if isinstance(x, Gram) else x
    if not torch.isfinite(torch.stack(torch.aminmax(values))).all():
        raise UserError(f"{name} has values that are not finite")
    if _is_constant(x):
        raise UndefinedError(f"{name} is the same for all images: its similarity to anything is undefined")


def _is_constant(x: Representation) -> bool:
    """Tell whether all images have the same representation, up to rounding if inner products are given."""
    if isinstance(x, Gram):
        offsets = x.centre + x.width * x.means.square().max()
        rounding = ROUNDING * x.products.diagonal().max() + ROUNDING**2 * offsets
        return bool(x.squared_distances().max() <= rounding)
    # Two images that differ are enough. All images are read only if the first two are equal.
    return bool((x[1] == x[0]).all()) and bool((x == x[0]).all())


def check_same_images(a: int, b: int) -> None:
    """Check that two representations have the same number of images, and raise UserError otherwise."""
    if a != b:
        raise UserError(f"representations of {a} and {b} images: both must be of the same images")


def in_range(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return features [n, p] in float32 or float64, times a power of 2 if their products could leave its range.

    Every similarity is invariant to scale, and a power of 2 changes no digit. The limits leave room in float32 for
    squares, and in float64 for fourth powers. Fourth powers of narrower types are always in the range of float64.
    """
    values = x.to(dtype)
    if dtype == torch.float64 and x.dtype != torch.float64:
        return values
    exponent = int(torch.stack(torch.aminmax(values)).double().abs().max().frexp().exponent)
    if abs(exponent) <= LARGEST_EXPONENT[dtype]:
        return values
    # In two steps, because the factor itself may be out of range.
    half = -exponent // 2
    return values * 2.0**half * 2.0 ** (-exponent - half)


def centred(x: Tensor) -> Tensor:
    """Return a representation [n, p], or a multiple of it (see `in_range`), in float64 with centred columns."""
    values = in_range(x, torch.float64)
    values = values - values.mean(dim=0)
    # The rounding of a mean of float64 can be as large as the differences between float64 images, but not float32 ones.
    return values - values.mean(dim=0) if x.dtype == torch.float64 else values


def squared_distances(x: Representation) -> Tensor:
    """Return the squared Euclidean distances float64 [n, n] between the images of a representation [n, p].

    They are computed from inner products, at the speed of a matrix product. The diagonal is 0. They are those of a
    multiple of the features where `in_range` gives one.
    """
    if isinstance(x, Gram):
        return x.squared_distances()
    x = in_range(x, torch.float64)
    # The mean would do too, but an outlier would move it away from all other images, whose distances would lose digits.
    x = x - middle(x)
    lengths = x.square().sum(dim=1)
    squared = lengths[:, None] + lengths[None, :] - 2 * (x @ x.T)
    # The distance of equal images is 0, but rounding may have made it negative.
    return squared.clamp_(min=0).fill_diagonal_(0)


def typical(distances: Tensor) -> float:
    """Return the median of the distances above 0. Unlike the largest distance, it hardly depends on a single outlier.

    There must be at least one.
    """
    return distances[distances > 0].median().item()


def without_rounding(values: Tensor, scale: float) -> Tensor:
    """Round values to multiples of ROUNDING * scale, so that equal values that differ by rounding become ties again."""
    return torch.round(values / (ROUNDING * scale))
