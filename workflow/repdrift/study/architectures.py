"""The names of the layers and parts of a network, which claims, tables and figures speak of.

The Snakefile imports this module, so it needs nothing heavy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BLOCKS = ("conv-relu-bn", "conv-bn-relu")  # the orders of the layers in a block of conv4
LOGITS = "logits"  # the last layer of every network
HEAD = "head"  # the last part of every network


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


def architecture(network: Mapping[str, Any]) -> Architecture:
    """Return the names of the layers and parts of a network, given its settings."""
    return conv4(network.get("depth", 4))
