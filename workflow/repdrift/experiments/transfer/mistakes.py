"""Which images networks get wrong, and which of them two have in common (Neyshabur et al. 2020, section 3.2)."""

import torch
from torch import Tensor, nn

from repdrift.networks.evaluation import BATCH, batch_statistics, normalise


@torch.inference_mode()
def mistakes(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Whether each image [N] is given a wrong label; BN uses the statistics of consecutive batches of 32."""
    with batch_statistics(network):
        given = [network(normalise(batch))["logits"].argmax(1) for batch in images.split(BATCH)]
    return torch.cat(given) != labels


def compared(first: Tensor, second: Tensor) -> dict[str, float]:
    """Compare the mistakes bool [N] of two networks.

    Returns
    -------
    dict of str to float
        In percent: ``common`` (of the images, wrong for both), ``uncommon`` (of the images, wrong for one only), and
        ``shared`` (common ones of all that either makes; NaN if there are none).
    """
    common, uncommon = (first & second).sum().item(), (first ^ second).sum().item()
    either = common + uncommon
    return {
        "common": 100 * common / len(first),
        "uncommon": 100 * uncommon / len(first),
        "shared": 100 * common / either if either else float("nan"),
    }
