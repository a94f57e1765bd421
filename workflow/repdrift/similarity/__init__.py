"""Similarity of representations."""

from repdrift.similarity.cka import ESTIMATORS, centred_grams, cosine, linear_cka
from repdrift.similarity.null import permutation_null

__all__ = ["ESTIMATORS", "centred_grams", "cosine", "linear_cka", "permutation_null"]
