"""The mistakes of networks, and how similar those of two networks are (Neyshabur et al. 2020, section 3.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from repdrift.experiments.transfer.tables import KAPPA, SHARED
from repdrift.networks.evaluation import batch_statistics, in_batches


@torch.inference_mode()
def probabilities(network: nn.Module, images: Tensor) -> Tensor:
    """Return the probabilities float32 [N, D] that a network gives to classes.

    BN uses the statistics of successive batches of 32 images.
    """
    with batch_statistics(network):
        return torch.cat([network(batch).softmax(1) for batch in in_batches(images)])


def compare_mistakes(first: Tensor, second: Tensor) -> dict[str, float]:
    """Compare the mistakes bool [N] of two networks.

    Returns
    -------
    dict of str to float
        ``common`` are the images that both networks get wrong, and ``uncommon`` those that only one gets wrong, in
        percent of all images. ``shared`` are the common mistakes in percent of all mistakes that either makes; NaN if
        neither makes any. ``kappa`` is the `error_consistency`.
    """
    common, uncommon = (first & second).sum().item(), (first ^ second).sum().item()
    either = common + uncommon
    return {
        "common": 100 * common / len(first),
        "uncommon": 100 * uncommon / len(first),
        SHARED: 100 * common / either if either else float("nan"),
        KAPPA: error_consistency(first, second),
    }


def error_consistency(first: Tensor, second: Tensor) -> float:
    """Return Cohen's kappa of the mistakes bool [N] of two networks (Geirhos, Meding & Wichmann 2020, equation 3).

    It is the agreement about which images are wrong beyond that of independent networks of the same accuracies: 0 for
    independent mistakes and 1 for the same ones. It is NaN if both networks get all images right or all wrong.
    """
    agreement = (first == second).double().mean().item()
    one, other = first.double().mean().item(), second.double().mean().item()
    by_chance = one * other + (1 - one) * (1 - other)
    return (agreement - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def ambiguity(judges: Sequence[Tensor]) -> Tensor:
    """Return how ambiguous images are: the entropy in nats, float64 [N], of the mean of the judges' probabilities.

    `judges` are the probabilities [N, D] of networks. The labels play no role.
    """
    mean = torch.stack([judge.double() for judge in judges]).mean(0)
    entropy: Tensor = torch.special.entr(mean).sum(1)
    return entropy


def ambiguous_shares(first: Tensor, second: Tensor, ambiguous: Tensor) -> tuple[float, float]:
    """Return the shares of ambiguous images among those that only one of two networks gets wrong.

    An image is ambiguous if its ambiguity is above the median of all images that exactly one network gets wrong.

    Parameters
    ----------
    first, second : bool [N]
        The mistakes of the networks.
    ambiguous : float64 [N]
        The ambiguity of the images.

    Returns
    -------
    tuple of float
        The shares among the images that only the first gets wrong, and that only the second gets wrong; NaN without
        such images.
    """
    one = first ^ second
    above = ambiguous > ambiguous[one].quantile(0.5) if one.any() else one
    return above[first & ~second].double().mean().item(), above[second & ~first].double().mean().item()
