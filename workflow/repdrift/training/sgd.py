"""Work on one batch at a time, as a function of the indices of its images; on a GPU captured once and then replayed.

At 32 images a GPU spends its time on being told what to do. A CUDA graph is told once.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.sgd import sgd

from repdrift.networks.evaluation import normalise

Function = Callable[[Tensor], Tensor]
WARM_UP = 3  # calls before a capture, in which libraries choose their kernels and allocate


class Descent:
    """SGD with momentum on the cross-entropy of batches.

    Parameters
    ----------
    network : Module
        Gives ``{"logits": [B, D], ...}``; in training mode.
    images, labels : uint8 [N, C, H, W], int64 [N]
        On the device of the network.
    autocast : bool
        Forward pass in bfloat16 where that is safe (weights, gradients and updates stay float32).

    Attributes
    ----------
    momenta : list of Tensor
        One for each parameter that is trained, in their order.
    """

    def __init__(
        self,
        network: nn.Module,
        images: Tensor,
        labels: Tensor,
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float,
        autocast: bool,
    ) -> None:
        self.network, self.images, self.labels = network, images, labels
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.autocast = autocast
        self.parameters: list[Tensor] = [each for each in network.parameters() if each.requires_grad]
        # Zeros are what the first step expects: it leaves the gradient in them.
        self.momenta = [torch.zeros_like(parameter) for parameter in self.parameters]

    def __call__(self, batch: Tensor) -> Tensor:
        """Take a step on the images of these indices [B]; give their mean loss and number of right answers, [2]."""
        expected = self.labels[batch]
        with torch.autocast(self.images.device.type, torch.bfloat16, enabled=self.autocast):
            logits = self.network(normalise(self.images[batch]))["logits"]
            loss = functional.cross_entropy(logits, expected)
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            # The function behind torch.optim.SGD: the class imports torch's compiler, which takes two seconds.
            sgd(
                self.parameters,
                list(gradients),
                list(self.momenta),
                fused=True,
                lr=self.learning_rate,
                momentum=self.momentum,
                weight_decay=self.weight_decay,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )
            correct = (logits.argmax(1) == expected).sum()
        return torch.stack([loss.detach(), correct.to(loss.dtype)])


class Replayed:
    """A function of index batches of one size as a CUDA graph; batches of another size are computed as usual.

    Parameters
    ----------
    function : function of int64 [B]
        May change tensors in place, such as weights.
    changed : sequence of Tensor
        The tensors that it changes: the calls before the capture must leave no trace in them.
    """

    def __init__(self, function: Function, size: int, changed: Sequence[Tensor]) -> None:
        self.function = function
        device = changed[0].device
        self.batch = torch.arange(size, device=device)
        before = [tensor.detach().clone() for tensor in changed]
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                function(self.batch)
        torch.cuda.current_stream(device).wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.result = function(self.batch)
        with torch.no_grad():
            for tensor, value in zip(changed, before, strict=True):
                tensor.copy_(value)

    def __call__(self, batch: Tensor) -> Tensor:
        if len(batch) != len(self.batch):
            return self.function(batch)
        self.batch.copy_(batch)
        self.graph.replay()
        return self.result


def replayed(function: Function, size: int, changed: Sequence[Tensor]) -> Function:
    """Capture a function on a GPU; on a CPU, where a call costs nothing, give it as it is."""
    return Replayed(function, size, changed) if changed[0].is_cuda else function
