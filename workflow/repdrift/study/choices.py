"""What a study trains: a network and a training, those of the study itself and those of its variants.

The Snakefile imports this module, so it needs nothing heavy.
"""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from repdrift.study.architectures import BLOCKS, CONV4, HALF, TORCHVISION
from repdrift.study.sections import Network, Pixels, Training, Variant, section
from repdrift.study.tasks import SIDE
from repdrift.user_code import code_of, file_and_function


@dataclass(frozen=True)
class Choice:
    """What a variant trains, or the study itself.

    Attributes
    ----------
    label : str
        Its name in figures and tables.
    network : Network
    training : Training
    head, train : str
        Whether fine-tuning keeps the head, and which parts it trains, see `repdrift.study.sections.Finetune`.
    runs : str
        The runs that are trained with it: ``main`` or ``all``.
    """

    label: str
    network: Network
    training: Training
    head: str
    train: str | dict[str, str]
    runs: str

    def trains_like(self, other: "Choice") -> bool:
        """Return whether a training of either is the same, whatever it is called and whichever runs there are."""
        return replace(self, label=other.label, runs=other.runs) == other


def varied(own: Choice, name: str, variant: Variant) -> Choice:
    """Return the choice of a variant: that of the study with the changes of the variant."""
    changes = variant.network or {}
    network = own.network
    if changes.get("name", network.name) != network.name:
        network = Network(changes["name"], {}, None)  # the arguments and layers of another network mean nothing here
    arguments = {**network.arguments, **changes.get("arguments", {})}
    network = with_defaults(replace(network, arguments=arguments, layers=changes.get("layers", network.layers)))
    training = section(Training, {**msgspec.to_builtins(own.training), **(variant.training or {})})
    head, train = variant.head or own.head, variant.train or own.train
    return Choice(name, network, training, head, train, variant.runs or "main")


def with_defaults(network: Network) -> Network:
    """Return a network with the arguments that its name in figures has in any case: the block of conv4."""
    if network.name != CONV4:
        return network
    return replace(network, arguments={"block": BLOCKS[0], **network.arguments})


def settings(network: Network, classes: int, images: Pixels) -> dict[str, Any]:
    """Return the settings that `repdrift.networks.building.build` takes, without the layers that are compared."""
    found: dict[str, Any] = {"name": network.name, "classes": classes}
    channels = {"mean": images.mean, "std": images.std}
    found |= {name: list(values) for name, values in channels.items() if tuple(values) != HALF}
    if network.name == CONV4:
        return {**found, **network.arguments, **({} if images.size == SIDE else {"size": images.size})}
    found |= {"size": images.size, "arguments": dict(network.arguments)}
    if not network.name.startswith(TORCHVISION):
        found["code"] = code_of(file_and_function(network.name)[0])
    return found


def short_name(network: Network) -> str:
    """Return the name of a network for figures: ``resnet18`` for ``torchvision:resnet18``, or a user's function."""
    return network.name.rpartition(":")[2]


def arguments_in_words(network: Network) -> str:
    """Return the arguments of a network for figures, such as ``conv-relu-bn, width 16``."""
    words = [str(value) if name == "block" else f"{name} {value}" for name, value in network.arguments.items()]
    return ", ".join(words)


def own_label(network: Network) -> str:
    """Return the name of the study's own network beside its variants."""
    return arguments_in_words(network) or short_name(network)
