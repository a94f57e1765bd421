"""Linear probes of a layer: L2-regularised multinomial logistic regression, fitted to its optimum.

The heads of Head2Toe are trained by a fixed number of small steps with Adam, as its authors do, and end before the
optimum. How far they get depends on the layer. A comparison of layers and networks needs the optimum itself, which is
unique and does not depend on a learning rate, a seed or an order of images.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from repdrift.errors import UserError

TOLERANCE = 1e-6  # the largest gradient at the end of a fit, in the scaled weights below
MOST_STEPS = 10_000  # hundreds suffice
MEMORY = 30  # steps that L-BFGS remembers


@dataclass(frozen=True, eq=False)
class LinearProbes:
    """Linear probes of one layer, one for each set of labels.

    Attributes
    ----------
    weights : float64 Tensor [k, S, C]
    bias : float64 Tensor [S, C]
        It is minus infinity for classes that no fitted image has.
    """

    weights: Tensor
    bias: Tensor

    def predict(self, coordinates: Tensor) -> Tensor:
        """Return the predicted classes int64 [S, n] of images with coordinates [n, k]."""
        logits = torch.tensordot(coordinates, self.weights, dims=1) + self.bias
        predicted: Tensor = logits.argmax(2).T
        return predicted


@torch.inference_mode()
def fit(coordinates: Tensor, labels: Tensor, penalty: float) -> LinearProbes:
    """Fit a linear probe for each of several sets of labels of the same images.

    A probe minimises the mean cross-entropy in nats plus `penalty` / 2 times the sum of its squared weights. Its biases
    are not penalised. This is scikit-learn's ``LogisticRegression(C=1 / (penalty * m))``. One matrix product in each
    step serves all sets.

    The columns of the coordinates are orthogonal, so the upper bound of Böhning (1992) on the Hessian is diagonal. The
    weights are scaled by it, and L-BFGS then needs few steps, whatever the spectrum of the layer is.

    Parameters
    ----------
    coordinates : float64 Tensor [m, k]
        Those of the fitted images that `repdrift.networks.principal.principal_coordinates` returns.
    labels : int64 Tensor [S, m]
        Classes from 0. A class that no image has is never predicted.
    penalty : float
        Above 0.

    Raises
    ------
    UserError
        If the fit has not ended after many steps.
    """
    images, width = coordinates.shape
    sets, classes = len(labels), int(labels.max()) + 1
    targets = functional.one_hot(labels.T, classes).double()  # [m, S, C]
    absent = torch.zeros_like(targets[0]).masked_fill(targets.sum(0) == 0, -torch.inf)
    scales = (coordinates.square().sum(0) / (2 * images) + penalty).rsqrt()
    scaled = coordinates * scales
    decay = penalty * scales.square()[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the sum of the losses of all sets, and its gradient by the scaled weights and the biases."""
        parameters = torch.from_numpy(flat).to(coordinates.device).view(width + 1, sets * classes)
        weights, bias = parameters[:-1], parameters[-1]
        logits = torch.addmm(bias, scaled, weights).view(targets.shape) + absent
        log_shares = logits.log_softmax(2)
        residual = ((log_shares.exp() - targets) / images).view(images, -1)
        gradient = torch.cat([scaled.T @ residual + decay * weights, residual.sum(0, keepdim=True)])
        value = -log_shares[targets.bool()].sum() / images + (decay * weights.square()).sum() / 2
        return value.item(), gradient.cpu().numpy().ravel()

    start = np.zeros((width + 1) * sets * classes)
    options = {"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "maxcor": MEMORY, "gtol": TOLERANCE, "ftol": 0.0}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    # Rounding can end the search a little before the tolerance, which is no failure.
    if np.abs(found.jac).max() > 10 * TOLERANCE:
        raise UserError(f"a linear probe with penalty {penalty:g} has not ended after {found.nit:,} steps: raise it")
    parameters = torch.from_numpy(found.x).to(coordinates.device).view(width + 1, sets, classes)
    return LinearProbes(parameters[:-1] * scales[:, None, None], parameters[-1] + absent)
