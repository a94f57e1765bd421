"""The principal coordinates of a layer: few numbers an image, with the same inner products as the features."""

import torch
from torch import Tensor

from repdrift.similarity.compact import smaller
from repdrift.similarity.estimator import UndefinedError, check
from repdrift.similarity.gram import Gram, Representation


@torch.inference_mode()
def principal_coordinates(x: Representation, fitted: int, name: str) -> Tensor:
    """Return the principal coordinates of images, by the images that a linear probe is fitted on.

    A linear probe with an L2 penalty depends on the features only through their inner products, so a probe on the
    coordinates is the same as a probe on the features. A wide layer therefore needs no features. With the Gram matrix
    K = U S U' of the fitted images, whose mean is subtracted, the coordinates of these are U sqrt(S), and those of
    other images are their products with the fitted images times U / sqrt(S). What other images have outside the span
    of the fitted ones is left out, because the weights of a probe have no part there.

    Each layer is divided by one number: the root of the mean squared length of its fitted images. One penalty then
    means the same in all layers, whatever their scale and width are. Single units are not standardised, because that
    would change which directions of a layer are large.

    Parameters
    ----------
    x : Representation [n, p]
        The first `fitted` images are those that a probe is fitted on. The others only get coordinates.
    fitted : int
        Number of these images, m.
    name : str
        The name of the layer, for the message of an error.

    Returns
    -------
    float64 Tensor [n, k]
        The columns are orthogonal on the fitted images, whose mean is 0 and whose mean squared length is 1. k is the
        rank of the layer on them, at most m - 1 and p. It is 0 if the layer is the same for all fitted images.

    Raises
    ------
    UserError
        If there are fewer than four fitted images, or a value is not finite.
    """
    try:
        check(x[:fitted], name)
    except UndefinedError:
        return torch.zeros(len(x), 0, dtype=torch.float64, device=x.device)
    check(x, name)  # the held-out images too
    x = smaller(x)
    coordinates = _of_gram(x, fitted) if isinstance(x, Gram) else _of_features(x, fitted)
    return coordinates / coordinates[:fitted].square().sum(1).mean().sqrt()


def _of_features(x: Tensor, fitted: int) -> Tensor:
    """Rotate features [n, p] to the principal axes of the fitted images."""
    centred = x.double() - x[:fitted].double().mean(0)
    _, axes = _without_rounding(centred[:fitted].T @ centred[:fitted], fitted)
    return centred @ axes


def _of_gram(x: Gram, fitted: int) -> Tensor:
    """Compute the coordinates from inner products, with the mean of the fitted images subtracted."""
    products = x.centred()[:, :fitted]
    with_mean = products.mean(1)
    products = products - with_mean[:, None] - with_mean[:fitted] + with_mean[:fitted].mean()
    values, vectors = _without_rounding(products[:fitted], fitted)
    return products @ (vectors / values.sqrt())


def _without_rounding(matrix: Tensor, fitted: int) -> tuple[Tensor, Tensor]:
    """Return eigenvalues [k] and eigenvectors [p, k] of a symmetric matrix, without those that are rounding errors."""
    values, vectors = torch.linalg.eigh(matrix)
    kept = values > values[-1] * max(len(matrix), fitted) * torch.finfo(values.dtype).eps
    return values[kept], vectors[:, kept]
