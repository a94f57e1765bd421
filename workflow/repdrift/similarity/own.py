"""An estimator of a user's own: a function in a file."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from repdrift.errors import UserError, in_one_line
from repdrift.similarity.estimator import Estimator, check, check_same_images
from repdrift.similarity.gram import Gram, Representation
from repdrift.similarity.registry import NEEDS_FEATURES
from repdrift.user_code import file_and_function, function_in

DIRECTION = "higher_is_more_similar"  # the attribute of a function that says so; True without it

function_of = cache(function_in)  # a file is run once, although each comparison asks for its function


@dataclass(frozen=True)
class OwnEstimator(Estimator[Tensor]):
    """A function of two representations of the same n images.

    The function gets two float64 arrays [n, p] and [n, q], which it may change, and returns a number. If its attribute
    ``higher_is_more_similar`` is False, the number is a distance. The similarity is then minus the number, so that
    larger values are more similar in every table.

    Parameters
    ----------
    name : str
        ``path/to/file.py:FUNCTION``.

    Raises
    ------
    UserError
        If there is no such file or function, or the attribute is neither True nor False. `prepare` raises it if
        `repdrift.similarity.estimator.check` does, or if only inner products are given. `compare` raises it if the
        function fails, or returns anything but a finite number.
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self._direction, bool):
            raise UserError(f"{self.name}: {DIRECTION} is {self._direction!r}; use True or False")

    @property
    def _direction(self) -> object:
        try:
            function = function_of(*file_and_function(self.name))
        except UserError as error:
            raise UserError(f"estimator {self.name}: {error}") from None
        return getattr(function, DIRECTION, True)

    def prepare(self, x: Representation) -> Tensor:
        """Return the features as they are."""
        check(x)
        if isinstance(x, Gram):
            raise UserError(f"the estimator {self.name} {NEEDS_FEATURES}")
        return x

    def compare(self, a: Tensor, b: Tensor) -> float:
        """Return the number of the function, or minus it for a distance."""
        check_same_images(len(a), len(b))
        arrays = [x.to("cpu", torch.float64, copy=True).numpy() for x in (a, b)]
        shapes = " and ".join(str(list(x.shape)) for x in arrays)
        try:
            found = np.asarray(function_of(*file_and_function(self.name))(*arrays))
        except Exception as error:  # the code is the user's own
            raise in_one_line(f"{self.name} fails on arrays {shapes}: {type(error).__name__}: {error}") from None
        if found.shape != () or found.dtype.kind not in "iuf" or not np.isfinite(found):
            raise in_one_line(f"{self.name} returns {found!s:.40} for arrays {shapes}; expected a finite number")
        return float(found) if self._direction else -float(found)

    def permute(self, state: Tensor, order: Tensor) -> Tensor:
        """Return the features of x[order]."""
        return state[order]
