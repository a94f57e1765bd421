"""Conv4, the network of the paper.

It returns the representations of all layers itself. Hooks would not do: the ReLU that follows a convolution works in
place, so a hook on the convolution would see values that change afterwards.
"""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

from repdrift.errors import UserError
from repdrift.networks.network import Network
from repdrift.study.architectures import BLOCKS, HALF
from repdrift.study.description import conv4


class Block(nn.Module):
    """A block of layers: 3x3 convolution, ReLU and batch normalisation in either order, and 2x2 max pooling.

    The authors' code has the order conv-relu-bn, and their text has conv-bn-relu. The published numbers come from the
    code.

    Parameters
    ----------
    inputs, outputs : int
        Number of channels of the input and of the output.
    order : str
        ``conv-relu-bn`` or ``conv-bn-relu``.
    """

    def __init__(self, inputs: int, outputs: int, order: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu_first = order == "conv-relu-bn"

    def forward(self, x: Tensor) -> Tensor:
        """Return the output [B, outputs, H/2, W/2] of the block for an input [B, inputs, H, W]."""
        # ReLU works in place, because nothing else reads the output of the convolution. In a batch of 32 images this
        # saves a pass over 8 MB of memory in the first block.
        x = self.conv(x)
        x = self.bn(functional.relu_(x)) if self.relu_first else functional.relu_(self.bn(x))
        return functional.max_pool2d(x, 2)


class Conv4(Network):
    """The network of Vinyals et al. (2016): four blocks of 64 filters each, and a linear head.

    It has 115,658 parameters for 10 classes and images of 32 x 32 pixels. Its layers ``pool1``, ``pool2`` and so on are
    the outputs of the blocks, [width, H, W], where H and W are half of those before. Its ``logits`` are [D].

    Parameters
    ----------
    classes : int
        Number of classes D, which is the width of the head.
    block : str
        Order of the layers in a block: ``conv-relu-bn`` or ``conv-bn-relu``.
    size : int
        Side of the square images in pixels, at least 2 to the power of the depth.
    width : int
        Number of filters of each block.
    depth : int
        Number of blocks.
    layers : sequence of str, optional
        Names or patterns of the layers that are compared. None is for all.
    mean, std : sequence of float
        See `Network`.

    Raises
    ------
    UserError
        If the order of the layers in a block is unknown, the images are too small for the depth, or there is no layer
        of a name.
    """

    def __init__(
        self,
        classes: int = 10,
        *,
        block: str = "conv-relu-bn",
        size: int = 32,
        width: int = 64,
        depth: int = 4,
        layers: Sequence[str] | None = None,
        mean: Sequence[float] = HALF,
        std: Sequence[float] = HALF,
    ) -> None:
        names = conv4(classes, width, depth, size).architecture(layers)
        super().__init__((3, size, size), names, mean, std)
        if block not in BLOCKS:
            raise UserError(f"network block {block!r}: use one of {', '.join(BLOCKS)}")
        side = size // 2**depth
        if side < 1:
            raise UserError(f"conv4 of depth {depth} halves the images {depth} times: give at least {2**depth} pixels")
        self.blocks = nn.ModuleList(Block(width if i else 3, width, block) for i in range(depth))
        self.head = nn.Linear(width * side**2, classes)

    @property
    def parts(self) -> Mapping[str, Mapping[str, nn.Parameter]]:
        return {name: dict(module.named_parameters()) for name, module in self._modules_of_parts()}

    def _modules_of_parts(self) -> Iterator[tuple[str, nn.Module]]:
        return zip(self.names.parts, (*self.blocks, self.head), strict=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.logits_from(self.names.parts[0], self.normalise(images))

    def read_layers(self, images: Tensor) -> dict[str, Tensor]:
        layers: dict[str, Tensor] = {}
        x = self.normalise(images)
        for end, (_, module) in zip(self.names.ends, self._modules_of_parts(), strict=True):
            layers[end] = x = _output(module, x)
        return {layer: layers[layer] for layer in self.layers}

    def input_of(self, part: str, images: Tensor) -> Tensor:
        """Return the input of a part: the output of the parts before it, or the normalised images."""
        x = self.normalise(super().input_of(part, images))
        for name, module in self._modules_of_parts():
            if name == part:
                break
            x = _output(module, x)
        return x

    def logits_from(self, part: str, x: Tensor) -> Tensor:
        """Return the logits [B, D], given the input of a part, as `input_of` returns it."""
        for _, module in list(self._modules_of_parts())[self.names.parts.index(part) :]:
            x = _output(module, x)
        return x


def _output(module: nn.Module, x: Tensor) -> Tensor:
    output: Tensor = module(x.flatten(1) if isinstance(module, nn.Linear) else x)
    return output
