"""The names of the layers and parts of a network, which claims, tables and figures speak of.

The Snakefile imports this module, so it needs nothing heavy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from repdrift.errors import UserError

CONV4 = "conv4"  # the network of the paper
TORCHVISION = "torchvision:"  # the names of torchvision's networks begin with it
BLOCKS = ("conv-relu-bn", "conv-bn-relu")  # the orders of the layers in a block of conv4
NONE, MEAN, TOKEN = "none", "mean", "token"  # how a layer with positions is reduced, see networks.reduction
LOGITS = "logits"  # the last layer of every network
HALF = (0.5, 0.5, 0.5)  # the authors' mean and standard deviation, which bring the values of pixels to -1..1
HEAD = "head"  # the last part of every network


@dataclass(frozen=True)
class Layer:
    """A layer that a config can name: its name, the shape of its output for one image, and whether it is a default."""

    name: str
    shape: tuple[int, ...]
    default: bool

    @property
    def size(self) -> int:
        """Number of values for one image."""
        return math.prod(self.shape)

    @property
    def in_words(self) -> str:
        """Its shape, such as ``64 x 8 x 8``."""
        return " x ".join(map(str, self.shape))


@dataclass(frozen=True)
class Architecture:
    """The layers of a network that are compared, and its parts.

    Parts do not depend on which layers are compared. `parts`, `ends` and `matrices` have the same length, and the same
    place in each belongs to the same part.

    Attributes
    ----------
    layers : tuple of str
        The layers whose representations are compared, in the order of the forward pass. The last one is ``logits``.
    parts : tuple of str
        Each part has the weights that one layer needs beyond the parts before it. The last one is the ``head``.
    ends : tuple of str
        The layer that each part ends with.
    matrices : tuple of str
        Names for the weight matrices and convolution kernels of each part, without biases and normalisation.
    """

    layers: tuple[str, ...]
    parts: tuple[str, ...]
    ends: tuple[str, ...]
    matrices: tuple[str, ...]

    @property
    def hidden(self) -> tuple[str, ...]:
        """The layers before the logits."""
        return self.layers[:-1]

    @property
    def early(self) -> tuple[str, ...]:
        """The layers before the penultimate one, which claims call early."""
        return self.layers[:-2]

    @property
    def penultimate(self) -> str:
        """The layer before the logits."""
        return self.layers[-2]

    @property
    def blocks(self) -> tuple[str, ...]:
        """The parts before the head."""
        return self.parts[:-1]


def conv4(depth: int = 4) -> Architecture:
    """Return the names of a conv4 of some number of blocks."""
    numbers = range(1, depth + 1)
    layers = (*(f"pool{number}" for number in numbers), LOGITS)
    return Architecture(
        layers=layers,
        parts=(*(f"block{number}" for number in numbers), HEAD),
        ends=layers,
        matrices=(*(f"conv{number}" for number in numbers), HEAD),
    )


def chosen_layers(layers: Sequence[Layer], patterns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the layers that are compared, in the order of the forward pass, with the logits last.

    Parameters
    ----------
    layers : sequence of Layer
        All layers that can be named.
    patterns : sequence of str, optional
        Names, or patterns such as ``layer*`` with the wildcards of a shell. None is for the default.

    Raises
    ------
    UserError
        If no layer has a name or fits a pattern. The message lists the names, the nearest first.
    """
    if patterns is None:
        return tuple(layer.name for layer in layers if layer.default)
    names = [layer.name for layer in layers]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = get_close_matches(pattern, names, n=len(names), cutoff=0.0)
            raise UserError(f"there is no layer {pattern!r}; there are {', '.join(near)}")
    chosen = [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
    return (*(name for name in chosen if name != LOGITS), LOGITS)


def width(shape: Sequence[int], how: str) -> int:
    """Return the number of values p to which a layer is reduced, given its shape for one image."""
    return math.prod(shape) if how == NONE else shape[channel_axis(shape) - 1]


def channel_axis(shape: Sequence[int]) -> int:
    """Return the axis of the channels in the representations [B, ...] of a layer, given its shape for one image.

    It is the last for tokens [T, C], and 1 in [B, C, H, W]. Some networks have [H, W, C] inside, such as Swin and
    ConvNeXt. The images of a study are square, so H = W tells the two apart.
    """
    if len(shape) == 2 or (len(shape) == 3 and shape[0] == shape[1] != shape[2]):
        return len(shape)
    return 1
