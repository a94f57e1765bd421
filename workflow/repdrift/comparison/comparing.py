"""Comparing the layers of two recordings by any estimators."""

from collections.abc import Sequence

from repdrift.comparison.comparison import Comparison
from repdrift.comparison.recording import Recording

DEFAULT = ("cka-debiased",)


def compare_recordings(
    first: Recording,
    second: Recording,
    *,
    layers: Sequence[str] | None = None,
    all_pairs: bool = True,
    estimators: Sequence[str] = DEFAULT,
    permutations: int = 0,
    seed: int = 0,
    intervals: int = 0,
) -> Comparison:
    """Compare layers of two recordings.

    If both have sample ids, the rows of the second are matched to those of the first by id. Otherwise row i of both
    must be of the same image.

    Parameters
    ----------
    first, second : Recording
    layers : sequence of str, optional
        Names, or patterns such as ``layer*``, of the layers that are compared. None is for all.
    all_pairs : bool
        Whether every layer is compared with every layer, or only layers of the same name.
    estimators : sequence of str
        Names in `repdrift.similarity.registry.ESTIMATORS`, or ``path/to/file.py:FUNCTION``.
    permutations : int
        Number of permutations of the images for the null. 0 is for no null; 200 or more are advised.
    seed : int
        The seed of the permutations, and of the halves of the images.
    intervals : int
        Number of random halves of the images from which 95 % intervals over images are made. 0 is for no intervals; 200
        are advised.

    Returns
    -------
    Comparison
        Its table has the columns first and second (names of layers), n, estimator and value. With permutations it also
        has null_mean, null_q95, p, p_max and calibrated, which `repdrift.similarity.null.Null` explains; the same
        permutations are used for all pairs, and p_max is over all pairs by the same estimator. With intervals it has
        low and high. What is undefined is NaN, and `Comparison.notes` says why.

    Raises
    ------
    UserError
        If an estimator is unknown, the images are not the same or too few, a value is not finite, a number is not
        allowed, or no similarity is defined.
    """
    raise NotImplementedError
