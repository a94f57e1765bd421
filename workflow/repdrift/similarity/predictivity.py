"""Linear predictivity: how well a cross-validated ridge regression predicts one representation from another."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from repdrift.errors import UserError
from repdrift.similarity.compact import gram_of
from repdrift.similarity.estimator import Estimator, check, check_same_images, in_range
from repdrift.similarity.gram import Gram, Representation
from repdrift.similarity.permutations import reordered

FOLDS = 5
PENALTIES = tuple(10.0**power for power in range(-4, 5))  # relative to the mean eigenvalue of the Gram matrix
IMAGES = 2 * FOLDS  # the smallest number of images
TOLERANCE = 1e-13  # relative to the largest squared length of an image: smaller eigenvalues are rounding errors


@dataclass(frozen=True)
class Fold:
    """A regression on the images outside a fold, as far as it does not depend on what is predicted.

    Attributes
    ----------
    tested, trained : int64 Tensor [t], [m]
        The images of the fold, and all others.
    axes : float64 Tensor [m, r]
        The eigenvectors of the Gram matrix of the trained images, centred by their own mean, without those whose
        eigenvalue is 0.
    places : float64 Tensor [t, r]
        The inner products of the tested images with these eigenvectors, divided by the eigenvalues.
    kept : float64 Tensor [penalties, r]
        The share of each axis that a penalty keeps: s / (s + penalty) for the eigenvalue s.
    """

    tested: Tensor
    trained: Tensor
    axes: Tensor
    places: Tensor
    kept: Tensor

    @classmethod
    def of(cls, gram: Tensor, tested: Tensor, trained: Tensor) -> "Fold":
        """Decompose the Gram matrix float64 [n, n] of a representation."""
        inside = gram[trained[:, None], trained]
        sums = inside.mean(dim=0)
        eigenvalues, axes = torch.linalg.eigh(inside - sums[:, None] - sums + sums.mean())
        mean = eigenvalues.clamp(min=0).sum() / len(trained)
        varies = eigenvalues > TOLERANCE * inside.diagonal().max()
        eigenvalues, axes = eigenvalues[varies], axes[:, varies]
        # The axes sum to 0, so that subtracting the mean image from the trained images would change nothing here.
        places = (gram[tested[:, None], trained] - sums) @ axes / eigenvalues
        penalties = mean * gram.new_tensor(PENALTIES)
        return cls(tested, trained, axes, places, eigenvalues / (eigenvalues + penalties[:, None]))

    def errors(self, gram: Tensor) -> tuple[Tensor, Tensor]:
        """Return the squared errors of the tested images, and those of the mean of the trained images.

        `gram` has the inner products float64 [n, n] of the representation that is predicted. With H as the matrix that
        predicts the tested images from the trained ones, the error is tr(K_tt) - 2 tr(H K_st) + tr(H K_ss H').
        """
        along = self.axes.T @ gram[self.trained]
        squares = along[:, self.trained] @ self.axes
        across = along[:, self.tested] - along[:, self.trained].mean(dim=1, keepdim=True)
        inside = gram[self.trained[:, None], self.trained]
        centre = inside.mean()
        of_mean = (
            gram.diagonal()[self.tested] - 2 * gram[self.tested[:, None], self.trained].mean(dim=1) + centre
        ).sum()
        unexplained = inside.trace() - len(self.trained) * centre - squares.trace()
        kept = self.kept[self._best(squares.diagonal(), unexplained)]
        predicted = self.places * kept
        found = of_mean - 2 * (predicted * across.T).sum() + (predicted @ squares * predicted).sum()
        return found, of_mean

    def _best(self, squares: Tensor, unexplained: Tensor) -> int:
        """Return the place of the penalty that generalised cross-validation chooses on the trained images.

        It minimises |(I - H) Y|^2 / (1 - tr H / m)^2 (Golub, Heath & Wahba 1979), where the mean counts in tr H.
        `squares` [r] has the squared lengths of what is predicted along the axes, and `unexplained` the rest.
        """
        residuals = ((1 - self.kept).square() * squares).sum(dim=1) + unexplained
        free = 1 - (1 + self.kept.sum(dim=1)) / len(self.trained)
        return int((residuals / free.square()).argmin())


@dataclass(frozen=True)
class Regressions:
    """The inner products float64 [n, n] of a representation, and the regressions on it in every fold."""

    gram: Tensor

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        images = torch.arange(len(self.gram), device=self.gram.device)
        return tuple(
            Fold.of(self.gram, images[images % FOLDS == fold], images[images % FOLDS != fold]) for fold in range(FOLDS)
        )


@dataclass(frozen=True)
class LinearPredictivity(Estimator[Regressions]):
    """Cross-validated R^2 of ridge regression, as the mean of both directions, at most 1.

    Image i belongs to fold i mod 5. R^2 is 1 less the squared errors in all folds, divided by those of a prediction by
    the mean of the images outside the fold. The penalty is chosen on these images, from nine powers of ten relative to
    the mean eigenvalue of their Gram matrix. So the similarity is below 1 even for a representation with itself. For
    unrelated representations it is about 0, and it can be negative. It is invariant to rotations, to scale, and to an
    offset of each unit. The order of the images determines the folds.

    Raises
    ------
    UserError
        `prepare` raises it if `repdrift.similarity.estimator.check` does, or if there are fewer than 10 images.
    """

    def prepare(self, x: Representation) -> Regressions:
        """Return the inner products of the images. They are decomposed at the first comparison.

        The images are taken relative to the centre of the `Gram`, near most of them. Each fold has a mean of its own,
        so centring here would add nothing, and an outlier would cost the digits of all other images.
        """
        check(x)
        if len(x) < IMAGES:
            raise UserError(f"{len(x)} images: linear predictivity needs at least {IMAGES}, two for each fold")
        gram = x if isinstance(x, Gram) else gram_of(in_range(x, torch.float64))
        means = gram.means - gram.means.median()
        return Regressions(gram.products + gram.width * torch.outer(means, means))

    def compare(self, a: Regressions, b: Regressions) -> float:
        """Return the mean R^2 of both directions."""
        check_same_images(len(a.gram), len(b.gram))
        return (_explained(a, b) + _explained(b, a)) / 2

    def permute(self, state: Regressions, order: Tensor) -> Regressions:
        """Return the regressions on x[order]. All of them are new, since other images are in each fold."""
        return Regressions(reordered(state.gram, order))


def _explained(given: Regressions, predicted: Regressions) -> float:
    """Return R^2 of one direction."""
    errors = [fold.errors(predicted.gram) for fold in given.folds]
    return 1 - float(sum(error for error, _ in errors) / sum(of_mean for _, of_mean in errors))
