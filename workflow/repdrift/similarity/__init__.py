"""Similarity of representations: linear CKA of many at once, and every estimator by the name that a config gives it.

What a library's user needs is offered here, and imported when it is asked for: the names of the estimators are read
where there is no torch.
"""

from importlib import import_module
from typing import Any

OFFERED = {
    "Calibrated": "calibration",
    "ESTIMATORS": "registry",
    "Estimator": "estimator",
    "Gram": "gram",
    "Null": "null",
    "Permutations": "permutations",
    "Permuted": "null",
    "calibrate": "calibration",
    "calibrate_layers": "calibration",
    "gram_of": "compact",
    "half_samples": "resampling",
    "linear_cka": "cka",
    "linear_cka_matrices": "cka",
    "linear_cka_matrix": "cka",
    "nulls": "null",
    "permutation_nulls": "null",
    "permuted": "null",
    "resampled": "resampling",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in OFFERED:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{OFFERED[name]}"), name)
