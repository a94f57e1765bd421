"""repdrift: how representations change when a network is pre-trained and fine-tuned.

What is offered here is imported when it is first asked for, because torch takes seconds to import and most commands and
jobs do without.
"""

import time
from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# The package is imported before anything heavy: from here on a job counts its time.
STARTED = time.time()

if TYPE_CHECKING:
    from repdrift.comparison.api import compare
    from repdrift.comparison.comparison import Comparison
    from repdrift.comparison.reading import record
    from repdrift.comparison.recording import Recording
    from repdrift.errors import UserError
    from repdrift.similarity.cka import linear_cka, linear_cka_matrix
    from repdrift.similarity.gram import Gram
    from repdrift.similarity.registry import ESTIMATORS

OFFERED = {
    "ESTIMATORS": "similarity.registry",
    "Comparison": "comparison.comparison",
    "Gram": "similarity.gram",
    "Recording": "comparison.recording",
    "UserError": "errors",
    "compare": "comparison.api",
    "linear_cka": "similarity.cka",
    "linear_cka_matrix": "similarity.cka",
    "record": "comparison.reading",
}

__all__ = [
    "ESTIMATORS",
    "Comparison",
    "Gram",
    "Recording",
    "UserError",
    "compare",
    "linear_cka",
    "linear_cka_matrix",
    "record",
]


def __getattr__(name: str) -> object:
    if name not in OFFERED:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{OFFERED[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "STARTED", "__version__"])
