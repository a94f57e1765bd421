"""Describe a network as JSON: its layers, its parts and its number of parameters.

The plan of a study calls this program for networks other than conv4, because a plan must not load torch itself.
"""

import json
import sys
import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from repdrift.canonical import canonical
from repdrift.errors import UserError
from repdrift.networks.building import build
from repdrift.networks.evaluation import batch_norms, in_eval_mode
from repdrift.networks.modules import Description as Layers
from repdrift.networks.modules import ModuleNetwork
from repdrift.networks.weights import names_of_weights, with_weights
from repdrift.study.architectures import CONV4, HEAD, TORCHVISION
from repdrift.study.description import Description, described


def classes_of(settings: dict[str, Any], weights: dict[str, str] | None) -> int:
    """Return the number of classes of a network: that of its weights, if there are any, and else of its settings.

    Weights of a file are tried on the network. Those of torchvision are not downloaded for this.
    """
    if weights is None:
        return int(settings["classes"])
    file = weights["file"]
    if not file.startswith(TORCHVISION):
        head, *_ = with_weights(settings, file, weights.get("prefix", "")).parts[HEAD].values()
        return len(head)
    known, name = names_of_weights(settings["name"]), file.removeprefix(TORCHVISION)
    if name not in known:
        raise UserError(f"{settings['name']} has no weights {name!r}; it has {', '.join(known) or 'none'}")
    return len(models.get_model_weights(settings["name"].removeprefix(TORCHVISION))[name].meta["categories"])


def description(settings: dict[str, Any], weights: dict[str, str] | None) -> Description:
    """Describe a network, with the classes that its weights have."""
    classes = classes_of(settings, weights)
    if settings["name"] == CONV4:
        return described({**settings, "classes": classes})
    network = build({**settings, "classes": classes})
    if not isinstance(network, ModuleNetwork):
        raise TypeError(f"{settings['name']} is described by repdrift.study.description")
    found = Layers.of(network.module, network.image, operations=True)
    parameters = sum(weight.numel() for weight in network.module.parameters())
    names = network.names
    return Description(
        found.layers,
        names.parts,
        names.ends,
        names.matrices,
        parameters,
        multiplications(network.module, network.image),
        classes,
        normalises_single_values(network.module, network.image),
    )


def multiplications(module: nn.Module, image: tuple[int, int, int]) -> int:
    """Return the number of multiplications in convolutions and matrix products for an image [C, H, W]."""
    # Without gradients, attention would take one operation that the counter does not know.
    with in_eval_mode(module), torch.enable_grad(), FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, *image))
    return int(counter.get_total_flops()) // 2  # it counts additions too


def normalises_single_values(module: nn.Module, image: tuple[int, int, int]) -> bool:
    """Return whether a layer of batch normalisation sees one value of each channel for an image [C, H, W].

    In training, such a layer refuses a batch of one image.
    """
    values_of_channel: list[int] = []

    def note(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values_of_channel.append(inputs[0][:1, 0].numel())

    handles = [norm.register_forward_pre_hook(note) for norm in batch_norms(module)]
    with in_eval_mode(module), torch.inference_mode():
        module(torch.zeros(2, *image))
    for handle in handles:
        handle.remove()
    return 1 in values_of_channel


def main() -> None:
    warnings.simplefilter("ignore")  # a user's code may warn on each start of a study
    settings, weights = (json.loads(text) for text in sys.argv[1:])
    try:
        found = description(settings, weights)
    except UserError as error:
        sys.exit(str(error))
    print(canonical(found))


if __name__ == "__main__":
    main()
