"""Any module as a network of a study: of torchvision, or from a user's own file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from repdrift.errors import UserError
from repdrift.networks.blocks import Block, blocks
from repdrift.networks.calls import recorded
from repdrift.networks.evaluation import in_eval_mode
from repdrift.networks.hooks import read_outputs
from repdrift.networks.network import Network
from repdrift.networks.operations import Operations
from repdrift.study.architectures import HALF, HEAD, LOGITS, Architecture, Layer, chosen_layers


@dataclass(frozen=True)
class Description:
    """What is known of a module after one forward pass: its blocks, and all layers that can be named.

    Attributes
    ----------
    blocks : tuple of Block
        The last one is the head.
    layers : tuple of Layer
        The calls of modules, and the operations if they were asked for, in the order of the forward pass. The last one
        is the logits.
    operations : frozenset of str
        The names of the layers that are operations.
    """

    blocks: tuple[Block, ...]
    layers: tuple[Layer, ...]
    operations: frozenset[str]

    @classmethod
    def of(cls, module: nn.Module, image: tuple[int, int, int], *, operations: bool = False) -> "Description":
        """Describe a module by a forward pass of two images [C, H, W] in eval mode.

        `operations` asks for layers that are no modules, see `repdrift.networks.operations`. A module that cannot be
        traced has none.

        Raises
        ------
        UserError
            If the forward pass fails, or the output is no tensor [B, D].
        """
        images = torch.zeros(2, *image)
        root = recorded(module, images)
        if root.shape is None or len(root.shape) != 1:
            what = "no tensor" if root.shape is None else f"a tensor of shape [images, {_in_words(root.shape)}]"
            raise UserError(f"the network returns {what}; expected logits [images, classes]")
        found = tuple(blocks(root))
        default = {block.name for block in found[:-1]}
        layers = [
            Layer(call.name, call.shape, call.name in default) for call in root.returned() if call.name and call.shape
        ]
        traced = operations_of(module, images) if operations else {}
        names = frozenset(traced) - {layer.name for layer in layers}
        more = [Layer(name, shape, default=False) for name, shape in traced.items() if name in names and shape]
        ordered = in_order(layers, list(traced), more)
        return cls(found, (*ordered, Layer(LOGITS, root.shape, default=True)), names)

    @property
    def parts(self) -> dict[str, Block]:
        """The blocks with weights by the names of the parts. The last one is the head."""
        with_weights = [block for block in self.blocks if block.weights]
        return {**{block.name: block for block in with_weights[:-1]}, HEAD: with_weights[-1]}

    def architecture(self, patterns: Sequence[str] | None) -> Architecture:
        """Return the names of layers and parts; `patterns` choose the layers, None is for the default."""
        parts = tuple(self.parts)
        return Architecture(
            layers=chosen_layers(self.layers, patterns),
            parts=parts,
            ends=(*parts[:-1], LOGITS),
            matrices=parts,
        )


class ModuleNetwork(Network):
    """Any module that returns logits as a network of a study.

    Parameters
    ----------
    module : Module
        It returns logits [B, D] for float32 images [B, C, H, W].
    image : tuple of int
        Shape [C, H, W] of an image.
    layers : sequence of str, optional
        Names or patterns of the layers that are compared. None is for the end of each block, and the logits.
    mean, std : sequence of float
        See `Network`.

    Raises
    ------
    UserError
        If the module does not return logits for such images, or has no layer of a name.
    """

    def __init__(
        self,
        module: nn.Module,
        image: tuple[int, int, int],
        layers: Sequence[str] | None = None,
        *,
        mean: Sequence[float] = HALF,
        std: Sequence[float] = HALF,
    ) -> None:
        description = Description.of(module, image, operations=layers is not None)
        super().__init__(image, description.architecture(layers), mean, std)
        self.module = module
        self._named_operations = description.operations
        self._weights_of_parts = {name: tuple(block.weights) for name, block in description.parts.items()}

    @property
    def saved(self) -> nn.Module:
        return self.module

    @property
    def parts(self) -> Mapping[str, Mapping[str, nn.Parameter]]:
        own = dict(self.module.named_parameters())
        return {part: {name: own[name] for name in names} for part, names in self._weights_of_parts.items()}

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.module(self.normalise(images))
        return logits

    def read_layers(self, images: Tensor) -> dict[str, Tensor]:
        """Return the representations of all layers, see `Network.read_layers`.

        Raises
        ------
        UserError
            If a layer returns no tensor, or this forward pass does not reach it.
        """
        x = self.normalise(images)
        hidden = [layer for layer in self.layers if layer != LOGITS]
        operations = [layer for layer in hidden if layer in self._named_operations]
        calls = [layer for layer in hidden if layer not in operations]
        output, found = read_outputs(self.module, x, calls)
        if operations:
            found |= self._operations.read(x, operations)
        missing = [layer for layer in hidden if layer not in found]
        if missing:
            raise UserError(f"a forward pass does not reach layer {missing[0]}: name a layer that every image passes")
        return {layer: output if layer == LOGITS else found[layer] for layer in self.layers}

    @cached_property
    def _operations(self) -> Operations:
        return Operations(self.module)


def in_order(calls: Sequence[Layer], traced: Sequence[str], operations: Sequence[Layer]) -> list[Layer]:
    """Return calls and operations in the order of the forward pass.

    Parameters
    ----------
    calls : sequence of Layer
        The calls of modules, in the order in which they return.
    traced : sequence of str
        The names of all operations and of the calls of single layers, in the order of the forward pass.
    operations : sequence of Layer
    """
    places: dict[str, tuple[float, int]] = {}
    last = (-1.0, 0)
    for number, call in enumerate(calls, 1):
        within = [place for place, name in enumerate(traced) if f"{name}.".startswith(f"{call.name}.")]
        last = (max(within), number) if within else (last[0], number)
        places[call.name] = last
    places |= {layer.name: (traced.index(layer.name), 0) for layer in operations}
    return sorted([*calls, *operations], key=lambda layer: places[layer.name])


def operations_of(module: nn.Module, images: Tensor) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all operations of a module that return tensors, by their names in order."""
    try:
        traced = Operations(module)
    except UserError:
        return {}
    with torch.no_grad(), in_eval_mode(module):
        found = traced.read(images, None)
    return {name: tuple(values.shape[1:]) for name, values in found.items() if name}


def _in_words(shape: Sequence[int]) -> str:
    return ", ".join(map(str, shape))
