"""Linear predictivity against ridge regressions of scikit-learn on features, with every penalty tried one by one."""

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from repdrift.errors import UserError
from repdrift.similarity.compact import gram_of
from repdrift.similarity.predictivity import FOLDS, PENALTIES, LinearPredictivity

RNG = np.random.default_rng(0)
X = np.maximum(RNG.normal(size=(60, 8)) @ RNG.normal(size=(8, 25)), 0) + 3
Y = X[:, :6] @ RNG.normal(size=(6, 12)) + RNG.normal(size=(60, 12))
WIDE = np.maximum(X @ RNG.normal(size=(25, 150)) + RNG.normal(size=(60, 150)), 0)


def predictivity(x, y):
    method = LinearPredictivity()
    return method.compare(*(method.prepare(torch.from_numpy(side)) for side in (x, y)))


def by_ridge(x, y):
    """R² of one direction. The penalty is chosen by the definition of generalised cross-validation."""
    errors = of_mean = 0.0
    for fold in range(FOLDS):
        tested = np.arange(len(x)) % FOLDS == fold
        inside, outside, known, wanted = x[~tested], x[tested], y[~tested], y[tested]
        centred = inside - inside.mean(axis=0)
        mean_eigenvalue = np.square(centred).sum() / len(inside)
        scores = []
        for factor in PENALTIES:
            penalty = factor * mean_eigenvalue
            hat = centred @ np.linalg.solve(centred.T @ centred + penalty * np.eye(x.shape[1]), centred.T)
            residual = known - Ridge(penalty).fit(inside, known).predict(inside)
            scores.append(np.square(residual).sum() / (1 - (1 + np.trace(hat)) / len(inside)) ** 2)
        penalty = PENALTIES[int(np.argmin(scores))] * mean_eigenvalue
        predicted = Ridge(penalty).fit(inside, known).predict(outside)
        kernel = KernelRidge(alpha=penalty).fit(centred, known - known.mean(axis=0))
        again = kernel.predict(outside - inside.mean(axis=0)) + known.mean(axis=0)
        assert again == pytest.approx(predicted, abs=1e-6)
        errors += np.square(wanted - predicted).sum()
        of_mean += np.square(wanted - known.mean(axis=0)).sum()
    return 1 - errors / of_mean


@pytest.mark.parametrize(
    ("x", "y"), [(X, Y), (Y, X), (X, WIDE), (WIDE, X), (WIDE, WIDE + 1), (X, RNG.normal(size=(60, 40)))]
)
def test_is_the_mean_of_two_ridge_regressions(x, y):
    expected = (by_ridge(x, y) + by_ridge(y, x)) / 2
    assert predictivity(x, y) == pytest.approx(expected, abs=1e-8)


def test_inner_products_suffice():
    method = LinearPredictivity()
    states = [method.prepare(gram_of(torch.from_numpy(side))) for side in (X, WIDE)]
    assert method.compare(*states) == pytest.approx(predictivity(X, WIDE), abs=1e-10)


def test_is_symmetric():
    assert predictivity(X, Y) == pytest.approx(predictivity(Y, X), abs=1e-14)


def test_a_linear_map_is_predicted_and_noise_is_not():
    assert predictivity(X, X @ RNG.normal(size=(25, 25))) > 0.98
    assert abs(predictivity(*RNG.normal(size=(2, 300, 20)))) < 0.1


def test_a_representation_that_varies_in_one_fold_only_predicts_nothing():
    lone = np.zeros((60, 3))
    lone[5] = 1.0  # the trained images of the fold of image 5 are all equal
    assert np.isfinite(predictivity(lone, Y))


def test_an_outlier_costs_no_digits_of_the_others():
    far = WIDE.copy()
    far[7] *= 1e6
    assert predictivity(far, Y) == pytest.approx((by_ridge(far, Y) + by_ridge(Y, far)) / 2, rel=1e-9)


def test_needs_two_images_for_each_fold():
    with pytest.raises(UserError, match=r"9 images: .* at least 10"):
        LinearPredictivity().prepare(torch.from_numpy(X[:9]))
