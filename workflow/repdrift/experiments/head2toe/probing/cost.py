"""What probes and fine-tuning cost: counted floating-point operations of training, and bytes that a task adds.

A multiply-add is two operations. `PAPER` counts as Evci et al. (2022) do, three times a forward pass for each training
step; `OURS` counts the products that are computed here: cached features need no gradient, so a step of a head is two
passes. Element-wise work (softmax, regulariser, Adam: about 20 operations a weight and step, against 4 x 128) is left
out of both.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from repdrift.experiments.head2toe.probing.heads import BATCH
from repdrift.networks.conv4 import Conv4

PAPER = 3
OURS = 2


@torch.inference_mode()
def forward_flops(network: Conv4) -> int:
    """Operations of a forward pass of one image, as PyTorch counts them: of all products. The network is on the CPU."""
    network.eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *network.image))
    return int(counter.get_total_flops())


def head_flops(features: int, classes: int, steps: int, passes: int) -> int:
    """Operations of training one head: passes x 2 p C x 128 x steps; passes are `PAPER` or `OURS`."""
    return passes * 2 * features * classes * BATCH * steps


def probe_flops(forward: int, examples: int, heads: int) -> int:
    """Operations of a probe: one forward pass (operations of one example) of each example, and those of its heads."""
    return forward * examples + heads


def fine_tuning_flops(forward: int, steps: int, batch: int) -> int:
    """Operations of fine-tuning: 3 forward passes an example and step; the same by either definition."""
    return PAPER * forward * steps * batch


def probe_bytes_paper(features: int, kept: int, classes: int) -> int:
    """Bytes of a probe: 4 for each weight of the kept features, and a mask of one bit a feature."""
    return 4 * kept * classes + -(-features // 8)


def probe_bytes_ours(kept: int, classes: int) -> int:
    """Bytes of the tensors that `save` writes in float32: weights, biases, and 4 for the index of each feature."""
    return 4 * (kept * classes + classes + kept)


def fine_tuning_bytes(parameters: int) -> int:
    """Bytes of a fine-tuned network in float32, its head among the parameters."""
    return 4 * parameters
