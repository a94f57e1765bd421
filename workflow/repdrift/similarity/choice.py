"""The choice of one estimator among those of a study.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Sequence


def main_estimator(estimators: Sequence[str]) -> str:
    """Return the estimator that is shown where there is room for one: debiased CKA, or else the first.

    The value of debiased CKA does not depend on the width of a layer, as that of the biased one does.
    """
    return "cka-debiased" if "cka-debiased" in estimators else estimators[0]
