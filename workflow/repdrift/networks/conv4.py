"""Conv4, the network of the paper.

Its forward pass returns the representations of all layers. Hooks would not do: the ReLU that follows a convolution
works in place, so a hook on the convolution would see values that change afterwards.
"""

from torch import Tensor, nn
from torch.nn import functional

from repdrift.errors import UserError

BLOCKS = ("conv-relu-bn", "conv-bn-relu")


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


class Conv4(nn.Module):
    """The network of Vinyals et al. (2016): four blocks of 64 filters each, and a linear head.

    It has 115,658 parameters for 10 classes and images of 32 x 32 pixels.

    Parameters
    ----------
    classes : int
        Number of classes D, which is the width of the head.
    block : str
        Order of the layers in a block: ``conv-relu-bn`` or ``conv-bn-relu``.
    size : int
        Side of the square images in pixels, a multiple of 16.

    Attributes
    ----------
    layers : tuple of str
        Names of the layers whose representations `forward` returns, in order.
    image : tuple of int
        Shape [C, H, W] of an image.

    Raises
    ------
    UserError
        If the order of the layers in a block is unknown.
    """

    layers = ("pool1", "pool2", "pool3", "pool4", "logits")

    def __init__(self, classes: int = 10, block: str = "conv-relu-bn", size: int = 32) -> None:
        super().__init__()
        if block not in BLOCKS:
            raise UserError(f"network block {block!r}: allowed are {', '.join(BLOCKS)}")
        self.image = (3, size, size)
        self.blocks = nn.ModuleList(Block(3 if i == 0 else 64, 64, block) for i in range(4))
        self.head = nn.Linear(64 * (size // 16) ** 2, classes)

    @property
    def parts(self) -> dict[str, nn.Module]:
        """The parts of the network by name, in the order of the forward pass: ``block1`` ... ``block4``, ``head``."""
        return {**{f"block{number}": block for number, block in enumerate(self.blocks, 1)}, "head": self.head}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the representations of all layers by name, for images [B, 3, size, size].

        ``pool1`` to ``pool4`` are [B, 64, H, W], where H and W are half of those before; ``logits`` are [B, D].
        """
        layers: dict[str, Tensor] = {}
        x = images
        for layer, part in zip(self.layers, self.parts.values(), strict=True):
            layers[layer] = x = _output(part, x)
        return layers

    def input_of(self, name: str, images: Tensor) -> Tensor:
        """Return the input of a part of the network: the output of the parts before it.

        Parameters
        ----------
        name : str
            Name of the part, see `parts`.
        images : float Tensor [B, 3, size, size]

        Raises
        ------
        UserError
            If the network has no part of this name.
        """
        x = images
        for other, part in self.parts.items():
            if other == name:
                return x
            x = _output(part, x)
        raise UserError(f"the network has no part {name!r}; its parts are {', '.join(self.parts)}")

    def logits_from(self, name: str, x: Tensor) -> Tensor:
        """Return the logits [B, D], given the input of a part of the network, as `input_of` returns it."""
        names = list(self.parts)
        for part in list(self.parts.values())[names.index(name) :]:
            x = _output(part, x)
        return x


def _output(part: nn.Module, x: Tensor) -> Tensor:
    output: Tensor = part(x.flatten(1) if isinstance(part, nn.Linear) else x)
    return output
