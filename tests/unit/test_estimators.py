"""Estimators beyond linear CKA, each against another route: scipy, dense matrices, or loops in numpy."""

import numpy as np
import pytest
import torch
from scipy.linalg import inv, orthogonal_procrustes, sqrtm, subspace_angles
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, spearmanr

from repdrift.errors import UserError
from repdrift.similarity import linear_cka
from repdrift.similarity.cca import Pwcca, Svcca
from repdrift.similarity.cka import LinearCka
from repdrift.similarity.minibatch_cka import MinibatchCka
from repdrift.similarity.neighbours import MutualNeighbours
from repdrift.similarity.procrustes import Procrustes
from repdrift.similarity.rbf_cka import RbfCka
from repdrift.similarity.rsa import Rsa

RNG = np.random.default_rng(0)
X = np.maximum(RNG.normal(size=(40, 30)) @ RNG.normal(size=(30, 20)), 0)
Y = np.maximum(X[:, :12] @ RNG.normal(size=(12, 15)) + RNG.normal(size=(40, 15)), 0)
WIDE = np.maximum(X @ RNG.normal(size=(20, 90)) + RNG.normal(size=(40, 90)), 0)

ALL = {
    "rbf-cka-biased": RbfCka(),
    "rbf-cka-debiased": RbfCka(debiased=True),
    "rsa-pearson": Rsa(),
    "rsa-spearman": Rsa(correlation="spearman"),
    "rsa-euclidean": Rsa(distance="euclidean"),
    "rsa-euclidean-spearman": Rsa(distance="euclidean", correlation="spearman"),
    "procrustes": Procrustes(),
    "neighbours": MutualNeighbours(),
    "svcca": Svcca(),
    "pwcca": Pwcca(),
    "minibatch-cka": MinibatchCka(batch=12),
}
CORRELATION_DISTANCE = {"rsa-pearson", "rsa-spearman"}
NARROW_ONLY = {"svcca", "pwcca"}


def only(*left_out):
    return pytest.mark.parametrize("name", [name for name in ALL if name not in set().union(*left_out)])


def similarity(estimator, x, y):
    return estimator.compare(*(estimator.prepare(torch.from_numpy(side)) for side in (x, y)))


def rotation(p):
    return np.linalg.qr(RNG.normal(size=(p, p)))[0]


def rbf_gram(x, fraction):
    n = len(x)
    distances = [[np.sqrt(((x[i] - x[j]) ** 2).sum()) for j in range(n)] for i in range(n)]
    sigma = fraction * np.median([distances[i][j] for i in range(n) for j in range(i)])
    return np.exp(-(np.array(distances) ** 2) / (2 * sigma**2))


def song_hsic(k, l):  # noqa: E741
    """Equation 5 of Song et al. (2012), term by term."""
    n = len(k)
    k, l = (gram * (1 - np.eye(n)) for gram in (k, l))  # noqa: E741
    one = np.ones(n)
    total = np.trace(k @ l) + one @ k @ one * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)
    return total / (n * (n - 3))


def dense_hsic(k, l):  # noqa: E741
    h = np.eye(len(k)) - 1 / len(k)
    return np.trace(k @ h @ l @ h)


def canonical_correlations(x, y):
    """Singular values of the whitened covariance, and the canonical directions of x, of variance 1."""
    x, y = (side - side.mean(axis=0) for side in (x, y))
    whiten_x, whiten_y = (inv(sqrtm(side.T @ side).real) for side in (x, y))
    left, correlations, _ = np.linalg.svd(whiten_x @ x.T @ y @ whiten_y, full_matrices=False)
    return correlations, x @ whiten_x @ left


class TestRbfCka:
    @pytest.mark.parametrize("fraction", [0.2, 0.5, 1, 3])
    @pytest.mark.parametrize(("debiased", "hsic"), [(False, dense_hsic), (True, song_hsic)])
    def test_is_the_definition(self, fraction, debiased, hsic):
        k, l = (rbf_gram(side, fraction) for side in (X, Y))  # noqa: E741
        expected = hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))
        assert similarity(RbfCka(fraction, debiased), X, Y) == pytest.approx(expected, abs=1e-11)

    @pytest.mark.parametrize(("debiased", "linear"), [(False, "biased"), (True, "debiased")])
    def test_with_a_large_bandwidth_it_is_linear_cka(self, debiased, linear):
        expected = linear_cka(torch.from_numpy(X), torch.from_numpy(Y), estimator=linear)
        assert similarity(RbfCka(1e6, debiased), X, Y) == pytest.approx(expected, abs=1e-10)

    def test_debiased_is_about_0_for_noise_and_biased_is_not(self):
        x, y = (RNG.normal(size=(150, 300)) for _ in range(2))
        assert similarity(RbfCka(debiased=True), x, y) == pytest.approx(0, abs=0.03)
        assert similarity(RbfCka(), x, y) > 0.3


class TestRsa:
    @pytest.mark.parametrize("distance", ["correlation", "euclidean"])
    @pytest.mark.parametrize(("correlation", "oracle"), [("pearson", pearsonr), ("spearman", spearmanr)])
    @pytest.mark.parametrize("other", [Y, WIDE])
    def test_is_scipy(self, distance, correlation, oracle, other):
        expected = oracle(pdist(X, distance), pdist(other, distance)).statistic
        assert similarity(Rsa(distance, correlation), X, other) == pytest.approx(expected, abs=1e-12)

    def test_ties_have_mean_ranks(self):
        # On a lattice many distances are equal; rounding must not order them.
        x = RNG.integers(0, 3, size=(40, 4)).astype(float)
        expected = spearmanr(np.round(pdist(x), 9), pdist(Y)).statistic
        for scale in (1, 0.1, 1e6):
            estimator = Rsa("euclidean", "spearman")
            assert similarity(estimator, x * scale + scale / 3, Y) == pytest.approx(expected, abs=1e-12)

    def test_spearman_ignores_what_is_increasing_in_the_distance(self):
        # Points of a line, and bent to a half circle: a chord grows with its arc.
        line = RNG.uniform(0, np.pi, size=(30, 1))
        circle = np.concatenate([np.cos(line), np.sin(line)], axis=1)
        assert similarity(Rsa("euclidean", "spearman"), line, circle) == pytest.approx(1, abs=1e-12)
        assert similarity(Rsa("euclidean", "pearson"), line, circle) < 0.999

    @only(set(ALL) - CORRELATION_DISTANCE)
    def test_correlation_distance_ignores_scale_and_offset_of_each_image(self, name):
        scales, offsets = RNG.uniform(0.1, 10, size=(40, 1)), RNG.normal(size=(40, 1)) * 10
        moved = X * scales + offsets
        assert similarity(ALL[name], moved, Y) == pytest.approx(similarity(ALL[name], X, Y), abs=1e-10)


class TestProcrustes:
    @pytest.mark.parametrize(("x", "y"), [(X, Y), (WIDE, X), (WIDE, np.maximum(WIDE[:, ::-1] + WIDE[:, :1], 3))])
    def test_is_scipy(self, x, y):
        width = max(x.shape[1], y.shape[1])
        x_, y_ = (np.pad(side - side.mean(axis=0), ((0, 0), (0, width - side.shape[1]))) for side in (x, y))
        x_, y_ = x_ / np.linalg.norm(x_), y_ / np.linalg.norm(y_)
        best, scale = orthogonal_procrustes(x_, y_)
        assert similarity(Procrustes(), x, y) == pytest.approx(scale, abs=1e-12)
        distance = np.linalg.norm(x_ @ best - y_)
        assert similarity(Procrustes(), x, y) == pytest.approx(1 - distance**2 / 2, abs=1e-12)


class TestMutualNeighbours:
    @pytest.mark.parametrize("k", [1, 5, 10, 39])
    def test_is_counted_by_hand(self, k):
        def nearest(x, i):
            others = [j for j in range(len(x)) if j != i]
            return set(sorted(others, key=lambda j: np.linalg.norm(x[i] - x[j]))[:k])

        expected = np.mean([len(nearest(X, i) & nearest(Y, i)) / k for i in range(40)])
        assert similarity(MutualNeighbours(k), X, Y) == pytest.approx(expected, abs=1e-12)

    def test_of_equally_near_images_the_first_are_taken(self):
        # On a lattice many distances are equal, though not in the rounding of its coordinates.
        x = RNG.integers(0, 3, size=(60, 5))
        state = MutualNeighbours(7).prepare(torch.from_numpy(x * 0.1 + 1 / 3))
        for i in range(60):
            others = [j for j in range(60) if j != i]
            assert state[i].tolist() == sorted(others, key=lambda j: (((x[i] - x[j]) ** 2).sum(), j))[:7]

    def test_of_noise_is_chance(self):
        x, y = (RNG.normal(size=(200, 20)) for _ in range(2))
        assert similarity(MutualNeighbours(), x, y) == pytest.approx(10 / 199, abs=0.015)


class TestCca:
    def test_svcca_is_cca_of_the_principal_components(self):
        def components(x):
            eigenvalues, vectors = np.linalg.eigh(np.cov(x.T))
            share = np.cumsum(eigenvalues[::-1]) / eigenvalues.sum()
            return x @ vectors[:, ::-1][:, : int(np.argmax(share >= 0.9)) + 1]

        x, y = components(X), components(Y)
        assert x.shape[1] != y.shape[1]
        assert similarity(Svcca(0.9), X, Y) == pytest.approx(canonical_correlations(x, y)[0].mean(), abs=1e-10)
        angles = subspace_angles(x - x.mean(axis=0), y - y.mean(axis=0))
        assert similarity(Svcca(0.9), X, Y) == pytest.approx(np.cos(angles).mean(), abs=1e-10)

    @pytest.mark.parametrize(("x", "y"), [(X, Y), (Y, X)])
    def test_pwcca_is_weighted_cca(self, x, y):
        correlations, directions = canonical_correlations(x, y)
        weights = np.zeros(len(correlations))
        for i in range(len(correlations)):
            for unit in (x - x.mean(axis=0)).T:
                weights[i] += abs(directions[:, i] @ unit)
        expected = (weights * correlations).sum() / weights.sum()
        assert similarity(Pwcca(), x, y) == pytest.approx(expected, abs=1e-10)

    @pytest.mark.parametrize("estimator", [Svcca(1.0), Pwcca()])
    def test_a_unit_that_others_determine_adds_no_direction(self, estimator):
        dependent = np.concatenate([Y, Y[:, :3] + Y[:, 3:6], np.zeros((40, 1))], axis=1)
        assert similarity(estimator, X, dependent) == pytest.approx(similarity(estimator, X, Y), abs=1e-10)

    @pytest.mark.parametrize("estimator", [Svcca(1.0), Pwcca()])
    def test_ignores_any_invertible_map_of_the_second_side(self, estimator):
        mixed = Y @ RNG.normal(size=(15, 15))
        assert similarity(estimator, X, mixed) == pytest.approx(similarity(estimator, X, Y), abs=1e-9)

    def test_pwcca_has_the_weights_of_its_first_side(self):
        assert similarity(Pwcca(), X, Y) != pytest.approx(similarity(Pwcca(), Y, X), abs=1e-3)


class TestMinibatchCka:
    @pytest.mark.parametrize("batch", [4, 7, 9, 12, 19, 40, 64])  # 9, 12 and 19 leave 4, 4 and 2 images
    def test_is_the_ratio_of_averages(self, batch):
        def average(x, y):
            starts = [start for start in range(0, 40, batch) if min(start + batch, 40) - start >= 4]
            rows = [slice(start, start + batch) for start in starts]
            return np.mean([song_hsic(x[r] @ x[r].T, y[r] @ y[r].T) for r in rows])

        expected = average(X, Y) / np.sqrt(average(X, X) * average(Y, Y))
        assert similarity(MinibatchCka(batch), X, Y) == pytest.approx(expected, abs=1e-11)

    def test_in_one_batch_it_is_debiased_cka(self):
        expected = linear_cka(torch.from_numpy(X), torch.from_numpy(Y))
        assert similarity(MinibatchCka(40), X, Y) == pytest.approx(expected, abs=1e-12)

    def test_depends_on_the_order_of_the_images(self):
        order = RNG.permutation(40)
        estimator = MinibatchCka(8)
        assert similarity(estimator, X[order], Y[order]) != pytest.approx(similarity(estimator, X, Y), abs=1e-4)


class TestProperties:
    @only()
    def test_of_a_layer_with_itself_is_1(self, name):
        assert similarity(ALL[name], X, X) == pytest.approx(1, abs=1e-12)

    @only({"pwcca"})
    def test_is_symmetric(self, name):
        assert similarity(ALL[name], X, Y) == pytest.approx(similarity(ALL[name], Y, X), abs=1e-12)

    @only()
    def test_ignores_scale(self, name):
        expected = similarity(ALL[name], X, Y)
        assert similarity(ALL[name], X * 1e-6, Y * 1e6) == pytest.approx(expected, abs=1e-11)

    @only(CORRELATION_DISTANCE)
    def test_ignores_an_offset_of_each_unit(self, name):
        expected = similarity(ALL[name], X, Y)
        assert similarity(ALL[name], X + RNG.normal(size=20) * 50, Y) == pytest.approx(expected, abs=1e-10)

    @only(CORRELATION_DISTANCE)
    def test_ignores_a_rotation_of_the_second_side(self, name):
        assert similarity(ALL[name], X, Y @ rotation(15)) == pytest.approx(similarity(ALL[name], X, Y), abs=1e-11)

    @only(CORRELATION_DISTANCE, {"pwcca"})
    def test_ignores_a_rotation_of_the_first_side(self, name):
        assert similarity(ALL[name], X @ rotation(20), Y) == pytest.approx(similarity(ALL[name], X, Y), abs=1e-11)

    @only()
    def test_ignores_the_order_of_the_units(self, name):
        shuffled = X[:, RNG.permutation(20)]
        assert similarity(ALL[name], shuffled, Y) == pytest.approx(similarity(ALL[name], X, Y), abs=1e-11)

    @only({"minibatch-cka"})
    def test_permuting_the_images_of_both_changes_nothing(self, name):
        order = RNG.permutation(40)
        assert similarity(ALL[name], X[order], Y[order]) == pytest.approx(similarity(ALL[name], X, Y), abs=1e-11)

    @pytest.mark.parametrize(
        ("name", "side"), [(name, X) for name in ALL] + [(name, WIDE) for name in ALL if name not in NARROW_ONLY]
    )
    def test_permuted_state_is_the_state_of_permuted_images(self, name, side):
        estimator, x, y = ALL[name], torch.from_numpy(side), torch.from_numpy(Y)
        order, again = (torch.from_numpy(RNG.permutation(40)) for _ in range(2))
        a, b = estimator.prepare(y), estimator.prepare(x)
        once = estimator.permute(b, order)
        twice = estimator.permute(once, again)
        for permuted, rows in ((once, order), (twice, order[again])):
            direct = estimator.prepare(x[rows])
            assert estimator.compare(a, permuted) == pytest.approx(estimator.compare(a, direct), abs=1e-11)
            assert estimator.compare(permuted, a) == pytest.approx(estimator.compare(direct, a), abs=1e-11)
        # The permutation is felt, and leaves the state that it was made of.
        assert estimator.compare(a, once) != pytest.approx(estimator.compare(a, b), abs=1e-4)
        assert estimator.compare(a, b) == pytest.approx(similarity(estimator, Y, side), abs=1e-12)

    @only()
    def test_float32_is_computed_in_float64(self, name):
        x, y = (side.astype(np.float32) for side in (X, Y))
        exact = similarity(ALL[name], x.astype(np.float64), y.astype(np.float64))
        assert similarity(ALL[name], x, y) == pytest.approx(exact, abs=1e-13)

    @only(CORRELATION_DISTANCE)
    def test_float32_with_a_large_mean_keeps_its_digits(self, name):
        shifted = (X + 20 * X.std()).astype(np.float32)
        assert similarity(ALL[name], shifted, Y) == pytest.approx(similarity(ALL[name], X, Y), abs=1e-5)


class TestRefusals:
    @only()
    @pytest.mark.parametrize(
        ("x", "named"),
        [
            (X[:3], "at least 4 images"),
            (X[:, 0], "shape"),
            (np.where(X[2, 3] == X, np.nan, X), "not finite"),
            (np.where(X[2, 3] == X, np.inf, X), "not finite"),
            (np.full_like(X, 3.7), "same for all images"),
        ],
    )
    def test_what_has_no_similarity(self, name, x, named):
        with pytest.raises(UserError, match=named):
            ALL[name].prepare(torch.from_numpy(x))

    @only()
    def test_other_images(self, name):
        with pytest.raises(UserError, match="40 and 30 images"):
            similarity(ALL[name], X, Y[:30])

    @pytest.mark.parametrize(
        ("estimator", "x", "named"),
        [
            (RbfCka(), np.where(np.arange(40)[:, None] < 30, 1.0, X), "bandwidth is 0"),
            (RbfCka(1e-3, debiased=True), X, "centred RBF Gram is 0"),
            (LinearCka(debiased=True), np.eye(40) * 0.3, "HSIC with itself is 0"),
            (Rsa(), np.where(np.arange(40)[:, None] == 7, 0.1, X), "first is row 7"),
            (Rsa(), np.arange(1, 41)[:, None] * X[:1], "equally dissimilar"),
            (Rsa("euclidean"), np.eye(40) * 0.3, "equally dissimilar"),
            (MutualNeighbours(40), X, "40 neighbours of 40 images"),
            (Svcca(), X[:20], "at least 22 images"),
            (Pwcca(), X[:21], "at least 22 images"),
            (Pwcca(), WIDE, "every canonical correlation is 1"),
            (MinibatchCka(20), np.where(np.arange(40)[:, None] == 7, X, 0.1), "0 in all batches of 20"),
        ],
    )
    def test_representations_that_one_estimator_cannot_take(self, estimator, x, named):
        with pytest.raises(UserError, match=named):
            estimator.prepare(torch.from_numpy(x))

    @pytest.mark.parametrize("estimator", [Svcca(1.0), Pwcca()])
    def test_cca_takes_two_images_more_than_units_and_would_be_1_with_one_more(self, estimator):
        estimator.prepare(torch.from_numpy(X[:22]))
        assert canonical_correlations(X[:21], Y[:21, :10])[0] == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize(
        ("make", "named"),
        [
            (lambda: RbfCka(0), "positive"),
            (lambda: RbfCka(float("nan")), "positive"),
            (lambda: Rsa(distance="cosine"), "'cosine'"),
            (lambda: Rsa(correlation="kendall"), "'kendall'"),
            (lambda: MutualNeighbours(0), "at least 1"),
            (lambda: Svcca(1.5), r"1\.5"),
            (lambda: Svcca(0), "above 0"),
            (lambda: MinibatchCka(3), "at least 4"),
        ],
    )
    def test_parameters(self, make, named):
        with pytest.raises(UserError, match=named):
            make()


def test_pdist_oracle_is_what_rsa_keeps():
    state = Rsa("euclidean").prepare(torch.from_numpy(X)).numpy()
    expected = pdist(X) - pdist(X).mean()
    expected /= np.linalg.norm(expected) * np.sqrt(2)
    assert squareform(state, checks=False) == pytest.approx(expected, abs=1e-10)
