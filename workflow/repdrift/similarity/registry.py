"""The estimators of similarity by the names that a config gives them; each is imported when it is asked for.

The Snakefile imports this module, so it needs nothing heavy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repdrift.errors import UserError
from repdrift.registry import Registry, imported
from repdrift.user_code import is_own

if TYPE_CHECKING:  # it needs torch
    from repdrift.similarity.estimator import Estimator


@dataclass(frozen=True)
class Entry:
    """How an estimator is made.

    Attributes
    ----------
    maker : str
        Where its class is: ``package.module:name``.
    settings : mapping
        What the class is given.
    any_width : bool
        Whether it takes layers with more units than images, as studies have.
    units : int, optional
        Largest number of units that it takes, if it needs the features of a layer and not only inner products.
    images : int
        Smallest number of images that it takes.
    number : str
        The setting that a number after ``@`` in the name gives, such as ``rbf-cka-biased@0.5``; "" if there is none.
    """

    maker: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    any_width: bool = True
    units: int | None = None
    images: int = 4
    number: str = ""


ESTIMATORS: Registry[Entry] = {
    "cka-biased": Entry("repdrift.similarity.cka:LinearCka"),
    "cka-debiased": Entry("repdrift.similarity.cka:LinearCka", {"debiased": True}),
    "rbf-cka-biased": Entry("repdrift.similarity.rbf_cka:RbfCka", {"fraction": 0.3}, number="fraction"),
    "rbf-cka-debiased": Entry(
        "repdrift.similarity.rbf_cka:RbfCka", {"fraction": 0.3, "debiased": True}, number="fraction"
    ),
    "minibatch-cka": Entry("repdrift.similarity.minibatch_cka:MinibatchCka"),
    "rsa-pearson": Entry("repdrift.similarity.rsa:Rsa"),
    "rsa-spearman": Entry("repdrift.similarity.rsa:Rsa", {"correlation": "spearman"}),
    "procrustes": Entry("repdrift.similarity.procrustes:Procrustes"),
    "neighbours": Entry("repdrift.similarity.neighbours:MutualNeighbours", images=11),  # more than its 10 neighbours
    "soft-matching": Entry("repdrift.similarity.soft_matching:SoftMatching", units=2048),
    "linear-predictivity": Entry("repdrift.similarity.predictivity:LinearPredictivity", images=10),
    "svcca": Entry("repdrift.similarity.cca:Svcca", any_width=False),
    "pwcca": Entry("repdrift.similarity.cca:Pwcca", any_width=False),
}


NEEDS_FEATURES = (
    "needs the features of a layer, and only the inner products of its images are kept, because its features would "
    "take too much memory: reduce the layer (reduce: mean)"
)
NUMBER = r"[0-9]+([.][0-9]+)?"  # of the form that a name may have after @


# An estimator of a user's own has no entry. It gets the features of layers of any width.
OWN = Entry("repdrift.similarity.own:OwnEstimator")


def images_needed(names: Iterable[str]) -> int:
    """Return the smallest number of images that all estimators of these names take."""
    return max(entry(name).images for name in names)


def needs_features(name: str) -> bool:
    """Return whether an estimator needs the features of a layer, and not only the inner products of its images."""
    return is_own(name) or entry(name).units is not None


def entry(name: str) -> Entry:
    """Return the entry of an estimator: that of ``rbf-cka-biased`` for ``rbf-cka-biased@0.5``."""
    return OWN if is_own(name) else ESTIMATORS[name.partition("@")[0]]


def estimator(name: str) -> Estimator[Any]:
    """Make an estimator by its name.

    The name may end in ``@`` and a number for the setting that its entry says. ``path/to/file.py:FUNCTION`` is a
    function in a user's own file, see `repdrift.similarity.own.OwnEstimator`.

    Raises
    ------
    UserError
        If there is none of this name, or it takes no such number.
    """
    if is_own(name):
        own: Estimator[Any] = imported(OWN.maker)(name)
        return own
    known, at, number = name.partition("@")
    if known not in ESTIMATORS:
        raise UserError(f"estimator {name!r}: use one of {', '.join(ESTIMATORS)}")
    found = ESTIMATORS[known]
    settings = dict(found.settings)
    if at:
        if not found.number or not re.fullmatch(NUMBER, number):
            numbered = ", ".join(f"{each}@NUMBER" for each, other in ESTIMATORS.items() if other.number)
            raise UserError(f"estimator {name!r}: with a number after @, use one of {numbered}")
        settings[found.number] = float(number)
    made: Estimator[Any] = imported(found.maker)(**settings)
    return made
