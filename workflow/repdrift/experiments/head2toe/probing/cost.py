"""The costs of probes and of fine-tuning: floating-point operations of training, and bytes to store for each task.

A multiply-add counts as two operations. A training step is counted as a number of forward passes. For `PAPER` it is
three, as Evci et al. (2022) count. For `OURS` it is two, because cached features need no gradient and only the products
that are computed here are counted. Both leave out element-wise operations, which are few: softmax, regulariser and Adam
need about 20 operations per weight and step, while the products need 4 x 128.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from repdrift.experiments.head2toe.probing.heads import BATCH
from repdrift.networks.network import Network

PAPER = 3
OURS = 2


@torch.inference_mode()
def forward_flops(network: Network) -> int:
    """Return the operations of all products in the forward pass of one image, as PyTorch counts them.

    The network must be on the CPU.
    """
    network.eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *network.image, dtype=torch.uint8))
    return int(counter.get_total_flops())


def head_flops(features: int, classes: int, steps: int, passes: int) -> int:
    """Return the operations of training one head: passes x 2 p C x 128 x steps, where passes is `PAPER` or `OURS`."""
    return passes * 2 * features * classes * BATCH * steps


def probe_flops(forward: int, examples: int, heads: int) -> int:
    """Return the operations of a probe: a forward pass of each example, and the training of the heads.

    Parameters
    ----------
    forward : int
        Operations of the forward pass of one example.
    examples : int
        Number of examples.
    heads : int
        Operations of training all heads.
    """
    return forward * examples + heads


def fine_tuning_flops(forward: int, steps: int, batch: int) -> int:
    """Return the operations of fine-tuning: 3 forward passes for each example and step, by both ways of counting."""
    return PAPER * forward * steps * batch


def probe_bytes_paper(features: int, kept: int, classes: int) -> int:
    """Return the bytes of a probe as the paper counts: 4 for each weight, and a mask with one bit for each feature."""
    return 4 * kept * classes + -(-features // 8)


def probe_bytes_ours(kept: int, classes: int) -> int:
    """Return the bytes of the tensors that `save` writes: 4 for each weight, each bias and each index of a feature."""
    return 4 * (kept * classes + classes + kept)


def fine_tuning_bytes(parameters: int) -> int:
    """Return the bytes of a fine-tuned network in float32. The parameters include those of its head."""
    return 4 * parameters
