"""The networks: every one returns its layers from the forward pass (a hook before an in-place ReLU would lie)."""

from torch import Tensor, nn
from torch.nn import functional

from repdrift.errors import UserError

BLOCKS = ("conv-relu-bn", "conv-bn-relu")


class Block(nn.Module):
    """3x3 convolution, ReLU and batch normalisation in either order, 2x2 max pooling: [B, C, H, W] to [B, K, H/2, W/2].

    The authors' code has the order conv-relu-bn, their text conv-bn-relu; the published numbers come from the code.
    """

    def __init__(self, inputs: int, outputs: int, order: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu_first = order == "conv-relu-bn"

    def forward(self, x: Tensor) -> Tensor:
        # In-place ReLU: nothing reads the convolution's output, and a pass over 8 MB a block is saved.
        x = self.conv(x)
        x = self.bn(functional.relu_(x)) if self.relu_first else functional.relu_(self.bn(x))
        return functional.max_pool2d(x, 2)


class Conv4(nn.Module):
    """The 4-block network of Vinyals et al. (2016): 64 filters a block, one linear head; 115,658 parameters at D = 10.

    Parameters
    ----------
    classes : int
        Width D of the head.
    block : str
        ``conv-relu-bn`` or ``conv-bn-relu``.
    size : int
        Side of the square images in pixels, a multiple of 16.

    Attributes
    ----------
    image : tuple of int
        Shape [C, H, W] of an image.
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
        """The blocks and the head by name, in their order: ``block1`` ... ``block4``, ``head``."""
        return {**{f"block{number}": block for number, block in enumerate(self.blocks, 1)}, "head": self.head}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the layers by name: pool1..pool4 as [B, 64, H, W], logits as [B, D]; images are [B, 3, size, size]."""
        layers: dict[str, Tensor] = {}
        x = images
        for layer, part in zip(self.layers, self.parts.values(), strict=True):
            layers[layer] = x = _passed(x, part)
        return layers

    def until(self, images: Tensor, name: str) -> Tensor:
        """What reaches a part."""
        x = images
        for other, part in self.parts.items():
            if other == name:
                return x
            x = _passed(x, part)
        raise UserError(f"network has no part {name!r}: there are {', '.join(self.parts)}")

    def since(self, x: Tensor, name: str) -> Tensor:
        """Logits [B, D] from what reaches a part."""
        names = list(self.parts)
        for part in list(self.parts.values())[names.index(name) :]:
            x = _passed(x, part)
        return x


def _passed(x: Tensor, part: nn.Module) -> Tensor:
    passed: Tensor = part(x.flatten(1) if isinstance(part, nn.Linear) else x)
    return passed
