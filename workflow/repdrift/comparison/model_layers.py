"""The layers of any model that can be read, and reading them on a batch of images."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from torch import Tensor, nn

from repdrift.errors import UserError, in_one_line
from repdrift.networks.blocks import blocks
from repdrift.networks.calls import Call, recorded
from repdrift.networks.hooks import read_outputs
from repdrift.networks.network import Network
from repdrift.study.architectures import LOGITS, Layer, chosen_layers

if TYPE_CHECKING:  # it needs torchvision
    from repdrift.networks.operations import Operations


class ModelLayers:
    """Some layers of a model, under the names that `repdrift layers` lists.

    A layer is the output of a module, the result of an operation in the code of a module (this needs torchvision), or
    ``logits``, which is the output of the model.

    Parameters
    ----------
    model : Module
    images : Tensor [B, ...]
        Images on which the model is called once in eval mode, to find its layers.
    patterns : sequence of str, optional
        Names, or patterns such as ``layer*``. None is for the end of each block, and the logits.

    Attributes
    ----------
    names : tuple of str
        The names of the layers that are read, in the order of the forward pass.
    layers : tuple of Layer
        All layers that can be named.
    unknown : frozenset of str
        The names and patterns that fit no layer. At least one must fit.

    Raises
    ------
    UserError
        If the model fails on the images, or no name or pattern fits a layer.
    """

    def __init__(self, model: nn.Module, images: Tensor, patterns: Sequence[str] | None = None) -> None:
        self.model = model
        self._operation_names: frozenset[str] = frozenset()
        if isinstance(model, Network):
            layers = [Layer(name, (1,), default=True) for name in model.layers]
        else:
            root = recorded(model, images)
            layers = layers_of(root)
            if not all(_fits(pattern, layers) for pattern in patterns or ()):
                layers = self._with_operations(layers, images)
        if not layers:
            raise UserError("the model has no layer that returns a tensor")
        self.layers = tuple(layers)
        known = {layer.name for layer in layers}
        if patterns is None:
            self.unknown: frozenset[str] = frozenset()
            self.names = tuple(name for name in chosen_layers(layers, None) if name in known)
            return
        self.unknown = frozenset(pattern for pattern in patterns if not _fits(pattern, layers))
        fitting = [pattern for pattern in patterns if pattern not in self.unknown]
        chosen = chosen_layers(layers, fitting or patterns)
        # A study always compares the logits. Here they are read if they are asked for.
        self.names = tuple(name for name in chosen if name in known and (name != LOGITS or _fit(name, fitting)))

    def read(self, images: Tensor) -> dict[str, Tensor]:
        """Return the outputs [B, ...] of the layers by name, for images [B, ...].

        Raises
        ------
        UserError
            If the model fails, does not reach a layer, or a layer has no row of floats for each image.
        """
        try:
            found = self._read(images)
        except UserError:
            raise
        except Exception as error:  # the code is the user's own
            shape = tuple(images.shape[1:])
            raise in_one_line(f"the model fails on images of shape {shape}: {type(error).__name__}: {error}") from None
        for layer in self.names:
            if layer not in found:
                raise UserError(f"a forward pass does not reach layer {layer}: name a layer that every image passes")
            values = found[layer]
            if not values.is_floating_point() or values.ndim < 2 or len(values) != len(images):
                raise UserError(
                    f"layer {layer} is {values.dtype} of shape {list(values.shape)} for {len(images)} images; needed "
                    "are floats with a row for each image: name another layer"
                )
        return {layer: found[layer] for layer in self.names}

    def _read(self, images: Tensor) -> dict[str, Tensor]:
        if isinstance(self.model, Network):
            return self.model.read_layers(images)
        calls = [name for name in self.names if name != LOGITS and name not in self._operation_names]
        output, found = read_outputs(self.model, images, calls)
        operations = [name for name in self.names if name in self._operation_names]
        if operations:
            found |= self._operations.read(images, operations)
        return {**found, LOGITS: output} if isinstance(output, Tensor) else found

    def _with_operations(self, layers: list[Layer], images: Tensor) -> list[Layer]:
        """Return the layers and the operations that are no modules, in the order of the forward pass."""
        try:
            from repdrift.networks.modules import in_order, operations_of  # noqa: PLC0415  it needs torchvision
        except ImportError:
            return layers
        traced = operations_of(self.model, images)
        calls = [layer for layer in layers if layer.name != LOGITS]
        known = {layer.name for layer in layers}
        more = [Layer(name, shape, default=False) for name, shape in traced.items() if shape and name not in known]
        self._operation_names = frozenset(layer.name for layer in more)
        return [*in_order(calls, list(traced), more), *(layer for layer in layers if layer.name == LOGITS)]

    @cached_property
    def _operations(self) -> "Operations":
        from repdrift.networks.operations import Operations  # noqa: PLC0415  it needs torchvision

        return Operations(self.model)


def layers_of(root: Call) -> list[Layer]:
    """Return the calls of modules as layers, in the order in which they return, and the logits last.

    The ends of the blocks are the defaults. A model that has no blocks, such as one without weights, has all its single
    modules as defaults.
    """
    try:
        default = {block.name for block in blocks(root)[:-1]}
    except UserError:
        default = {call.name for call in root.walk() if not call.calls}
    layers = [
        Layer(call.name, call.shape, call.name in default) for call in root.returned() if call.name and call.shape
    ]
    return [*layers, Layer(LOGITS, root.shape, default=True)] if root.shape else layers


def _fits(pattern: str, layers: Sequence[Layer]) -> bool:
    return any(fnmatchcase(layer.name, pattern) for layer in layers)


def _fit(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
