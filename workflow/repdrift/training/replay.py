"""Steps of a training as CUDA graphs. On a GPU, a step is captured once and then replayed.

With batches of 32 images, a GPU step takes most of its time to launch kernels. A CUDA graph launches all at once.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from repdrift.training.batches import Batch

Function = Callable[[Batch], Tensor]
WARM_UP = 3  # number of calls before a capture, in which libraries choose kernels and allocate memory


class Replayed:
    """A function of batches that replays a CUDA graph. Batches of another size call the function itself.

    Parameters
    ----------
    function : function of Batch
        It may change tensors in place, such as weights.
    example : Batch
        A batch of the size of those that the graph is for. Its tensors become the inputs of the graph.
    changed : sequence of Tensor
        The tensors that the function changes. They are restored after the calls before the capture.
    """

    def __init__(self, function: Function, example: Batch, changed: Sequence[Tensor]) -> None:
        self.function, self.batch = function, example
        device = example.indices.device
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

    def __call__(self, batch: Batch) -> Tensor:
        if len(batch.indices) != len(self.batch.indices):
            return self.function(batch)
        for own, given in zip(self.batch, batch, strict=True):
            if isinstance(own, Tensor) and isinstance(given, Tensor):
                own.copy_(given)
        self.graph.replay()
        return self.result
