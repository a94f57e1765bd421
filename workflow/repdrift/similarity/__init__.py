"""Similarity of representations: linear CKA of many at once, and every estimator by the name that a config gives it."""

from typing import Any

from repdrift.similarity.cca import Pwcca, Svcca
from repdrift.similarity.cka import LinearCka, linear_cka, linear_cka_matrices, linear_cka_matrix
from repdrift.similarity.estimator import Estimator
from repdrift.similarity.minibatch_cka import MinibatchCka
from repdrift.similarity.neighbours import MutualNeighbours
from repdrift.similarity.null import Null, permutation_null, random_orders
from repdrift.similarity.procrustes import Procrustes
from repdrift.similarity.rbf_cka import RbfCka
from repdrift.similarity.rsa import Rsa

ESTIMATORS: dict[str, Estimator[Any]] = {
    "cka-biased": LinearCka(),
    "cka-debiased": LinearCka(debiased=True),
    "rbf-cka-biased": RbfCka(),
    "rbf-cka-debiased": RbfCka(debiased=True),
    "minibatch-cka": MinibatchCka(),
    "rsa-pearson": Rsa(),
    "rsa-spearman": Rsa(correlation="spearman"),
    "procrustes": Procrustes(),
    "neighbours": MutualNeighbours(),
    "svcca": Svcca(),
    "pwcca": Pwcca(),
}

__all__ = [
    "ESTIMATORS",
    "Estimator",
    "Null",
    "linear_cka",
    "linear_cka_matrices",
    "linear_cka_matrix",
    "permutation_null",
    "random_orders",
]
