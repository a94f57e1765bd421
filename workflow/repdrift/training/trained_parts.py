"""The parts of a network that are trained. The other parts are frozen."""

from torch import nn

from repdrift.errors import UserError
from repdrift.networks.network import Network
from repdrift.study.runs import ALL


def train_from(network: Network, part: str) -> None:
    """Freeze the parts of a network before one of them. For ``all``, nothing is frozen.

    Raises
    ------
    UserError
        If the network has no part of this name.
    """
    names = list(network.parts)
    if part not in (ALL, *names):
        raise UserError(f"the network has no part {part!r} to train from; its parts are {', '.join(names)}")
    first = 0 if part == ALL else names.index(part)
    for place, weights in enumerate(network.parts.values()):
        for weight in weights.values():
            weight.requires_grad_(place >= first)


def set_modes(network: nn.Module) -> None:
    """Put a network into training mode, but its frozen modules into eval mode, so that training does not change them.

    A module with weights is frozen if no weight in it is trained. A module without weights, such as dropout, is frozen
    if the last weights before it are, or if trained weights come only after it.
    """
    if all(weight.requires_grad for weight in network.parameters()):
        network.train()
        return
    trained = False
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if own:
            trained = any(weight.requires_grad for weight in own)
        inside = list(module.parameters())
        module.training = any(weight.requires_grad for weight in inside) if inside else trained
