"""The estimators of similarity by the names that a config gives them; each is imported when it is asked for.

The Snakefile imports this module, so it needs nothing heavy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repdrift.errors import UserError
from repdrift.registry import Registry, imported

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
    images : int
        Smallest number of images that it takes.
    """

    maker: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    any_width: bool = True
    images: int = 4


ESTIMATORS: Registry[Entry] = {
    "cka-biased": Entry("repdrift.similarity.cka:LinearCka"),
    "cka-debiased": Entry("repdrift.similarity.cka:LinearCka", {"debiased": True}),
    "rbf-cka-biased": Entry("repdrift.similarity.rbf_cka:RbfCka"),
    "rbf-cka-debiased": Entry("repdrift.similarity.rbf_cka:RbfCka", {"debiased": True}),
    "minibatch-cka": Entry("repdrift.similarity.minibatch_cka:MinibatchCka"),
    "rsa-pearson": Entry("repdrift.similarity.rsa:Rsa"),
    "rsa-spearman": Entry("repdrift.similarity.rsa:Rsa", {"correlation": "spearman"}),
    "procrustes": Entry("repdrift.similarity.procrustes:Procrustes"),
    "neighbours": Entry("repdrift.similarity.neighbours:MutualNeighbours", images=11),  # more than its 10 neighbours
    "svcca": Entry("repdrift.similarity.cca:Svcca", any_width=False),
    "pwcca": Entry("repdrift.similarity.cca:Pwcca", any_width=False),
}


def images_needed(names: Iterable[str]) -> int:
    """Return the smallest number of images that all estimators of these names take."""
    return max(ESTIMATORS[name].images for name in names)


def estimator(name: str) -> Estimator[Any]:
    """Make an estimator by its name.

    Raises
    ------
    UserError
        If there is none of this name.
    """
    if name not in ESTIMATORS:
        raise UserError(f"estimator {name!r}: allowed are {', '.join(ESTIMATORS)}")
    entry = ESTIMATORS[name]
    made: Estimator[Any] = imported(entry.maker)(**entry.settings)
    return made
