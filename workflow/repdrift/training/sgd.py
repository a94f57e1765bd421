"""An SGD step as a function of the indices of a batch. On a GPU, the function is captured once and then replayed.

With batches of 32 images, a GPU step takes most of its time to launch kernels. A CUDA graph launches all at once.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.sgd import sgd

Function = Callable[[Tensor], Tensor]
WARM_UP = 3  # number of calls before a capture, in which libraries choose kernels and allocate memory


class Descent:
    """SGD with momentum on the cross-entropy of batches.

    Parameters
    ----------
    network : Module
        Returns logits [B, D] for images. It is in training mode.
    images, labels : uint8 [N, C, H, W], int64 [N]
        The training set, on the device of the network.
    learning_rate, momentum, weight_decay : float
    autocast : bool
        Whether the forward pass uses bfloat16 where that is safe. Weights, gradients and updates stay float32.

    Attributes
    ----------
    momenta : list of Tensor
        The momentum of each parameter that is trained, in the order of the parameters.
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
        # From buffers of zeros, the first step sets each buffer to the gradient, as torch.optim.SGD does.
        self.momenta = [torch.zeros_like(parameter) for parameter in self.parameters]

    def __call__(self, batch: Tensor) -> Tensor:
        """Take a step on the images of these indices int64 [B].

        Return float32 [2]: their mean loss in nats and the number of correct answers, both before the step.
        """
        expected = self.labels[batch]
        with torch.autocast(self.images.device.type, torch.bfloat16, enabled=self.autocast):
            logits = self.network(self.images[batch])
            loss = functional.cross_entropy(logits, expected)
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            # This is the function behind torch.optim.SGD. The class would import torch's compiler, which takes 2 s.
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
    """A function of index batches that replays a CUDA graph. Batches of another size call the function itself.

    Parameters
    ----------
    function : function of int64 [B]
        It may change tensors in place, such as weights.
    size : int
        The number of indices in the batches of the graph.
    changed : sequence of Tensor
        The tensors that the function changes. They are restored after the calls before the capture.
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
    """Capture a function if it runs on a GPU; return it as it is on a CPU, where launching costs nothing."""
    return Replayed(function, size, changed) if changed[0].is_cuda else function
