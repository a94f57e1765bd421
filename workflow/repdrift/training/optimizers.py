"""The optimisers: functions that update the weights of a network, given their gradients, with a state of their own.

They call the functions behind the classes of `torch.optim`. The classes would import torch's compiler, which takes 2 s.
Weight decay concerns all weights, biases and normalisation included, as it does in these classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from repdrift.study.sections import Training as Settings

BETAS = (0.9, 0.999)  # PyTorch's defaults
EPSILON = 1e-8


class Optimizer(ABC):
    """An optimiser of some weights.

    Attributes
    ----------
    weights : list of Tensor
        They are updated in place.
    state : list of Tensor
        All that the optimiser remembers from step to step. It is changed in place too.
    """

    def __init__(self, weights: Sequence[Tensor], state: Sequence[Tensor]) -> None:
        self.weights, self.state = list(weights), list(state)

    @abstractmethod
    def step(self, gradients: Sequence[Tensor], learning_rate: float | Tensor) -> None:
        """Update the weights by their gradients. A learning rate in a tensor [] lies on the device of the weights."""


class Sgd(Optimizer):
    """Stochastic gradient descent with momentum. Its state is the momentum of each weight."""

    def __init__(self, weights: Sequence[Tensor], settings: Settings) -> None:
        if settings.momentum is None:
            raise ValueError("SGD needs a momentum")
        # From buffers of zeros, the first step sets each buffer to the gradient, as torch.optim.SGD does.
        super().__init__(weights, [torch.zeros_like(weight) for weight in weights])
        self.momentum, self.weight_decay = settings.momentum, settings.weight_decay

    def step(self, gradients: Sequence[Tensor], learning_rate: float | Tensor) -> None:
        sgd(
            self.weights,
            list(gradients),
            list(self.state),
            fused=True,
            lr=learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), and PyTorch's betas and epsilon.

    Its state is the mean gradient of each weight, then the mean squared gradient of each, then the number of steps of
    each.
    """

    def __init__(self, weights: Sequence[Tensor], settings: Settings) -> None:
        means, squares = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
        # The fused function counts the steps of each weight in a tensor, so that a CUDA graph counts them too.
        steps = [torch.zeros((), device=weight.device) for weight in weights]
        super().__init__(weights, [*means, *squares, *steps])
        self.weight_decay = settings.weight_decay

    def step(self, gradients: Sequence[Tensor], learning_rate: float | Tensor) -> None:
        count = len(self.weights)
        adamw(
            self.weights,
            list(gradients),
            self.state[:count],
            self.state[count : 2 * count],
            [],
            self.state[2 * count :],
            fused=True,
            lr=learning_rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=self.weight_decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )


OPTIMIZERS: dict[str, type[Sgd] | type[AdamW]] = {"sgd": Sgd, "adamw": AdamW}
