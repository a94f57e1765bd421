"""The mistakes of networks, and the mistakes that two networks share (Neyshabur et al. 2020, section 3.2)."""

import torch
from torch import Tensor, nn

from repdrift.networks.evaluation import BATCH, batch_statistics, normalise


@torch.inference_mode()
def mistakes(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return bool [N]: whether each image is classified wrongly. BN uses the statistics of successive batches of 32."""
    with batch_statistics(network):
        given = [network(normalise(batch))["logits"].argmax(1) for batch in images.split(BATCH)]
    return torch.cat(given) != labels


def compare_mistakes(first: Tensor, second: Tensor) -> dict[str, float]:
    """Compare the mistakes bool [N] of two networks.

    Returns
    -------
    dict of str to float
        Percentages: ``common`` are the images that both networks get wrong, and ``uncommon`` those that only one gets
        wrong, of all images. ``shared`` are the common mistakes of all mistakes that either makes; NaN if neither makes
        any.
    """
    common, uncommon = (first & second).sum().item(), (first ^ second).sum().item()
    either = common + uncommon
    return {
        "common": 100 * common / len(first),
        "uncommon": 100 * uncommon / len(first),
        "shared": 100 * common / either if either else float("nan"),
    }
