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
    number : str
        The setting that a number after ``@`` in the name gives, such as ``rbf-cka-biased@0.5``; "" if there is none.
    """

    maker: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    any_width: bool = True
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
    "svcca": Entry("repdrift.similarity.cca:Svcca", any_width=False),
    "pwcca": Entry("repdrift.similarity.cca:Pwcca", any_width=False),
}


NUMBER = r"[0-9]+([.][0-9]+)?"  # of the form that a name may have after @


def images_needed(names: Iterable[str]) -> int:
    """Return the smallest number of images that all estimators of these names take."""
    return max(ESTIMATORS[entry_name(name)].images for name in names)


def entry_name(name: str) -> str:
    """Return the name of the entry of an estimator: ``rbf-cka-biased`` for ``rbf-cka-biased@0.5``."""
    return name.partition("@")[0]


def estimator(name: str) -> Estimator[Any]:
    """Make an estimator by its name, which may end in ``@`` and a number for the setting that its entry says.

    Raises
    ------
    UserError
        If there is none of this name, or it takes no such number.
    """
    known, at, number = name.partition("@")
    if known not in ESTIMATORS:
        raise UserError(f"estimator {name!r}: allowed are {', '.join(ESTIMATORS)}")
    entry = ESTIMATORS[known]
    settings = dict(entry.settings)
    if at:
        if not entry.number or not re.fullmatch(NUMBER, number):
            numbered = ", ".join(f"{each}@NUMBER" for each, other in ESTIMATORS.items() if other.number)
            raise UserError(f"estimator {name!r}: with a number after @, allowed are {numbered}")
        settings[entry.number] = float(number)
    made: Estimator[Any] = imported(entry.maker)(**settings)
    return made
